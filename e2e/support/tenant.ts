import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { create } from 'tar';
import { Api } from './api.js';
import type { List, OperationJson, RevisionJson, ServiceJson, UsageJson } from './faces.js';
import { callHost, type Answer, type CallOptions } from './gateway.js';
import { until } from './until.js';

/** Where the platform under test is: written by the starter, named by TOWPATH_STORY_RUN_FILE. */
export interface Platform {
  apiUrl: string;
  gatewayPort: number;
  domain: string;
  /** The first-run operator's key. */
  operatorKey: string;
  /** Process name -> pid, read afresh. */
  pids: () => Record<string, number>;
  dataDir: string;
}

/** @param replica `-2` for the second API and gateway */
export function platform(replica: '' | '-2' = ''): Platform {
  const file = process.env['TOWPATH_STORY_RUN_FILE'];
  if (!file) throw new Error('run stories with: npm test -- --only stories');
  const read = (): RunFile => JSON.parse(readFileSync(file, 'utf8')) as RunFile;
  const run = read();
  return {
    apiUrl: run.urls[`api${replica}`] ?? '',
    gatewayPort: run.ports[`gateway${replica}`] ?? 0,
    domain: run.domain,
    operatorKey: run.operatorKey,
    pids: () => read().pids,
    dataDir: path.dirname(file),
  };
}

interface RunFile {
  urls: Record<string, string>;
  ports: Record<string, number>;
  domain: string;
  operatorKey: string;
  pids: Record<string, number>;
}

/** An organization of its own with one project: stories do not meet. */
export class Tenant {
  private constructor(
    readonly platform: Platform,
    readonly organizationId: string,
    readonly api: Api,
    readonly project: string,
  ) {}

  static async create(name: string): Promise<Tenant> {
    const at = platform();
    const operator = new Api(at.apiUrl, at.operatorKey);
    const unique = `${name}-${randomBytes(3).toString('hex')}`;
    const made = await operator.ok<{ organization: { id: string }; key: { secret: string } }>(
      'POST',
      '/v1/organizations',
      { name: unique },
    );
    const api = new Api(at.apiUrl, made.key.secret);
    const project = await api.ok<{ handle: string }>('POST', '/v1/projects', { name: 'stories' });
    return new Tenant(at, made.organization.id, api, project.handle);
  }

  /** One that was made before, perhaps by another process. */
  static known(organizationId: string, project: string, key: string): Tenant {
    const at = platform();
    return new Tenant(at, organizationId, new Api(at.apiUrl, key), project);
  }

  /** The same tenant by way of the second API and the second gateway. */
  get bySecond(): Tenant {
    const at = platform('-2');
    return new Tenant(at, this.organizationId, new Api(at.apiUrl, this.api.key), this.project);
  }

  /** The address of a service, or of one of its sub-resources. */
  at(service: string, rest = ''): string {
    return `/v1/projects/${this.project}/services/${service}${rest}`;
  }

  upload(source: string | Record<string, string>): Promise<string> {
    return this.uploadTo(this.project, source);
  }

  async uploadTo(project: string, source: string | Record<string, string> = PROBE): Promise<string> {
    const archive = typeof source === 'string' ? await packFolder(source) : await packFiles(source);
    const answer = await this.api.upload(project, archive);
    if (answer.status >= 300) throw new Error(`upload: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body.id;
  }

  /** Uploads and deploys a public service; gives the ended operation, whatever its end. */
  async deploy(service: string, options: DeployOptions = {}): Promise<OperationJson> {
    const uploadId = await this.upload(options.source ?? PROBE);
    const exists = (await this.api.request('GET', this.at(service))).status === 200;
    const body = {
      ...(exists ? {} : { name: service }),
      access: 'public',
      ...options.service,
      template: { source: { uploadId }, ...options.template },
    };
    return exists
      ? this.api.change('PATCH', this.at(service), body)
      : this.api.change('POST', `/v1/projects/${this.project}/services`, body);
  }

  /** Deploys and insists on success. */
  async mustDeploy(service: string, options: DeployOptions = {}): Promise<ServiceJson> {
    const operation = await this.deploy(service, options);
    if (operation.status !== 'succeeded')
      throw new Error(`deploy of ${service}: ${JSON.stringify(operation)}`);
    return this.service(service);
  }

  service(name: string): Promise<ServiceJson> {
    return this.api.ok('GET', this.at(name));
  }

  async revisions(name: string): Promise<RevisionJson[]> {
    return (await this.api.ok<List<RevisionJson>>('GET', this.at(name, '/revisions'))).items;
  }

  async usage(service: string): Promise<UsageJson[]> {
    return (
      await this.api.ok<List<UsageJson>>('GET', `/v1/projects/${this.project}/usage?service=${service}`)
    ).items;
  }

  host(service: string, tag?: string): string {
    const prefix = tag === undefined ? '' : `${tag}---`;
    return `${prefix}${service}--${this.project}.${this.platform.domain}`;
  }

  call(service: string, path = '/', options: CallOptions & { tag?: string } = {}): Promise<Answer> {
    return callHost(this.platform.gatewayPort, this.host(service, options.tag), path, options);
  }

  /** Waits until usage shows at least that many requests of the service. */
  usageOf(service: string, requests: number, deadlineMs = 30_000): Promise<UsageJson[]> {
    return until(`${requests} requests of ${service} in usage`, deadlineMs, async () => {
      const rows = await this.usage(service);
      return sum(rows, 'requests') >= BigInt(requests) && rows;
    });
  }
}

export interface DeployOptions {
  /** A folder, or files by name; the probe when absent. */
  source?: string | Record<string, string>;
  template?: Record<string, unknown>;
  service?: Record<string, unknown>;
}

export const PROBE = path.join(import.meta.dirname, '../apps/probe');
export const GRPC = path.join(import.meta.dirname, '../apps/grpc');

/** Sums one column of usage rows, exactly. */
export function sum(rows: UsageJson[], column: 'requests' | 'blocks' | 'perRequestUnits'): bigint {
  return rows.reduce((total, row) => total + BigInt(row[column]), 0n);
}

export async function packFolder(folder: string): Promise<Buffer> {
  return bytesOf(create({ gzip: true, cwd: folder, portable: true, mtime: new Date(0) }, ['.']));
}

/** Packs files given by name and text: for apps that exist only to fail. */
async function packFiles(files: Record<string, string>): Promise<Buffer> {
  const { mkdtemp, rm, writeFile } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const folder = await mkdtemp(path.join(tmpdir(), 'towpath-story-'));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
    return await packFolder(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of Readable.from(stream)) parts.push(part as Uint8Array);
  return Buffer.concat(parts);
}
