import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ensureHubTopology } from '#libs/bus';
import { API_KEY_BYTES, apiKeyPreview, formatApiKey, newId, type Id } from '#libs/domain';
import { systemRandom } from '#libs/process';
import { insertKey, insertOrganization, insertProject, insertUpload } from '#libs/store';
import { temporaryFolder, testDatabase, testDigest, testNats, type TestDatabase } from '#libs/testing';
import { hubEnvironment } from './hub.bed.js';
import { Generator, startApp, startForked, type Server } from './load/processes.js';
import { cpuOf, parentOf, pin, type Variant } from './protocol.js';

/** A tenant of the bench, with a key of its owner. */
export interface BenchTenant {
  organizationId: Id<'org'>;
  key: string;
  /** Handle of its project. */
  project: string;
  uploadId: string;
}

/** The api as an installation runs it, the bare peer, and what drives them: system on core 0, everything else on core 1. */
export interface ApiBed {
  database: TestDatabase;
  tenant: BenchTenant;
  ours: Server;
  peer: Server;
  generator: Generator;
  /** Whether the machine keeps processes on cores. */
  pinned: boolean;
  stop(): Promise<void>;
}

export const CONNECTIONS = 32;
/** Answers of each server until the engine has compiled what it runs. */
const WARM_ANSWERS = Number(process.env['BENCH_WARM_ANSWERS'] ?? 20_000);
const WARM_SLICE_MS = 2_000;
const SLICE_MS = Number(process.env['BENCH_SLICE_MS'] ?? 700);

/** Settings without the api's limits of one organization. */
export const UNCAPPED = {
  TOWPATH_TENANT_TRANSACTIONS: '16',
  TOWPATH_TENANT_PER_SECOND: '100000',
  TOWPATH_TENANT_DEPLOYS_PER_MINUTE: '1000000',
};

/** Without `caps` the one organization of a bench may take all there is, as the peer's may. */
export async function startApiBed(caps = false): Promise<ApiBed> {
  const [database, nats] = await Promise.all([testDatabase(), testNats()]);
  const folder = temporaryFolder();
  await ensureHubTopology(nats.bus);
  const tenant = await makeTenant(database, 'bench');
  const generator = new Generator();
  const env = await hubEnvironment(database, nats, folder.path);
  const ours = await startApp('api', caps ? env : { ...env, ...UNCAPPED });
  const peer = await startForked('./bare.peer.js', {
    BENCH_DATABASE_URL: database.apiUrl,
    BENCH_ORGANIZATION: tenant.organizationId,
    BENCH_ACTOR: 'usr_00000000000000000000',
  });
  // New sessions take the core of the postmaster.
  const pinned = [generator.pid, process.pid, await postmaster(database)].every((pid) => pin(pid, 1));
  for (const { pid } of [ours, peer]) pin(pid, 0);
  const stop = async (): Promise<void> => {
    await Promise.all([ours.stop(), peer.stop(), generator.stop()]);
    await Promise.all([database.drop(), nats.release()]);
    folder.remove();
  };
  return { database, tenant, ours, peer, generator, pinned, stop };
}

/** An organization with a key, a project and an upload. */
export async function makeTenant(database: TestDatabase, name: string): Promise<BenchTenant> {
  const now = Date.now();
  const id = <P extends Parameters<typeof newId>[0]>(prefix: P): Id<P> => newId(prefix, now, systemRandom);
  const [organizationId, projectId, uploadId] = [id('org'), id('prj'), id('upl')];
  const key = formatApiKey(systemRandom(API_KEY_BYTES));
  await database.db.inTenant(organizationId, async (tx) => {
    await insertOrganization(tx, { id: organizationId, name, createdAt: now });
    await insertProject(tx, { id: projectId, organizationId, name, handle: name, createdAt: now });
    const upload = { id: uploadId, organizationId, projectId, digest: testDigest('a'), size: 1 };
    await insertUpload(tx, { ...upload, createdAt: now });
    const wish = { id: id('key'), organizationId, name, role: 'owner' as const, platformOperator: false };
    const stored = { ...wish, preview: apiKeyPreview(key), createdAt: now };
    await insertKey(tx, stored, createHash('sha256').update(key).digest(), id('usr'));
  });
  return { organizationId, key, project: name, uploadId };
}

/** Makes services through the api and gives their names. */
export async function makeServices(api: Server, tenant: BenchTenant, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_one, index) => `service${index}`);
  for (const name of names) await makeService(api, tenant, name);
  return names;
}

export async function makeService(api: Server, tenant: BenchTenant, name: string): Promise<void> {
  const { status, headers } = await fetch(
    `http://127.0.0.1:${api.port}/v1/projects/${tenant.project}/services`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name, template: { source: { uploadId: tenant.uploadId } } }),
    },
  );
  // Held back as every deploy of an organization: again after what it was told.
  if (status === 429) {
    await pause(Number(headers.get('retry-after') ?? 1) * 1_000);
    return makeService(api, tenant, name);
  }
  if (status !== 202) throw new Error(`a service was answered with ${status}`);
}

/** Asks a server until it has compiled what it runs. */
export async function warmUp(bed: ApiBed, server: Server, requests: string[]): Promise<void> {
  const order = { port: server.port, requests, connections: CONNECTIONS, millis: WARM_SLICE_MS };
  for (let answered = 0; answered < WARM_ANSWERS;) {
    const { requests: more, errors } = await bed.generator.run(order);
    if (errors > 0) throw new Error(`${errors} requests failed while warming up`);
    answered += more;
  }
}

/** An HTTP request as text, with the tenant's key. */
export function httpRequest(
  { key }: BenchTenant,
  method: string,
  url: string,
  body: unknown = undefined,
  type = 'application/json',
): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  const sent = body === undefined ? '' : `content-type: ${type}\r\ncontent-length: ${text.length}\r\n`;
  return `${method} ${url} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${key}\r\n${sent}\r\n${text}`;
}

/** Asks one server for a slice of time. */
export function loaded(bed: ApiBed, name: string, server: Server, requests: string[]): Variant {
  return {
    name,
    slice: async () => {
      const before = cpuOf(server.pid);
      const order = { port: server.port, requests, connections: CONNECTIONS, millis: SLICE_MS };
      const began = performance.now();
      const { requests: answered, errors, statuses } = await bed.generator.run(order);
      const seconds = (performance.now() - began) / 1_000;
      if (errors > 0) throw new Error(`${name}: ${errors} requests failed: ${JSON.stringify(statuses)}`);
      return { operations: answered, seconds, cpuMicros: cpuOf(server.pid) - before };
    },
  };
}

/** The process whose children serve the sessions. */
async function postmaster(database: TestDatabase): Promise<number> {
  const [row] = await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return parentOf(row?.pid ?? 0);
}
