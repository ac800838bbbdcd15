import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { TowpathError, type Condition, type Digest, type Id, type TargetRevision } from '#libs/domain';
import { systemClock, systemRandom } from '#libs/process';
import { until } from '#libs/testing';
import type { DriverLog, ImageFolder } from '../../driver.js';
import { LocalDriver } from '../local.driver.js';
import { localConfig, localSettings, type LocalConfig, type LocalSettings } from '../local.settings.js';
import { z } from 'zod';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

const SERVICE: Id<'svc'> = 'svc_00000000000000000001';

/** A local driver on real processes, with short times and a folder of its own. */
export class LocalRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'towpath-local-'));
  readonly lines: DriverLog[] = [];
  driver: LocalDriver;
  private readonly programs = new Map<Digest, ImageFolder>();
  private revisions: TargetRevision[] = [];
  private generation = 0;

  constructor(private readonly more: Partial<LocalSettings> = {}) {
    this.driver = this.newDriver();
  }

  static async started(more: Partial<LocalSettings> = {}): Promise<LocalRig> {
    const rig = new LocalRig(more);
    await rig.driver.start();
    return rig;
  }

  /** A second driver on the same folder, as after a restart of the agent. */
  newDriver(environment = 'test'): LocalDriver {
    const config: LocalConfig = z.object(localConfig).parse({});
    const settings = {
      ...localSettings(config, join(this.folder, 'driver')),
      tickMs: 50,
      startTimeoutMs: 10_000,
      stopGraceMs: 3000,
      memorySampleMs: 100,
      backoffBaseMs: 100,
      drainMs: 3000,
      ...this.more,
    };
    const images = {
      imageFolder: (digest: Digest) => {
        const image = this.programs.get(digest);
        return image
          ? Promise.resolve(image)
          : Promise.reject(new TowpathError('NOT_FOUND', 'There is no such image.'));
      },
    };
    const logger = pino({ level: 'silent' });
    const clocks = { clock: systemClock, random: systemRandom };
    const driver = new LocalDriver({ settings, environment, images, logger, ...clocks });
    driver.onLog((entry) => this.lines.push(entry));
    return driver;
  }

  /** A revision of that program. Names count from rev-00001. */
  revision(program: string, more: Partial<TargetRevision> = {}): TargetRevision {
    const number = String(this.programs.size + 1).padStart(5, '0');
    const digest: Digest = `sha256:${number.padStart(64, '0')}`;
    const root = join(this.folder, number);
    mkdirSync(root);
    writeFileSync(join(root, 'server.mjs'), program);
    this.programs.set(digest, { root, command: ['node', 'server.mjs'], env: { FROM_IMAGE: 'yes' } });
    return {
      id: `rev_${number.padStart(20, '0')}`,
      name: `rev-${number}`,
      host: `rev-${number}.test`,
      imageDigest: digest,
      env: [],
      resources: { cpuMillis: 1000, memoryMiB: 512 },
      concurrency: 80,
      timeoutSeconds: 60,
      minInstances: 0,
      maxInstances: 10,
      port: 8080,
      protocol: 'http1',
      ...more,
    };
  }

  /** Makes these the revisions of the one service. */
  async apply(...revisions: TargetRevision[]): Promise<void> {
    this.revisions = revisions;
    await this.driver.apply(
      {
        schemaVersion: 1,
        clusterId: 'cls_00000000000000000001',
        organizationId: 'org_00000000000000000001',
        projectId: 'prj_00000000000000000001',
        service: { id: SERVICE, name: 'rev' },
        generation: (this.generation += 1),
        epoch: 1,
        revisions,
      },
      (revisionId) => Promise.resolve({ SEALED: `for ${revisionId}` }),
    );
  }

  /** Applies one revision of the program and waits until it is ready. */
  async ready(program: string, more: Partial<TargetRevision> = {}): Promise<TargetRevision> {
    const revision = this.revision(program, more);
    await this.apply(...this.revisions, revision);
    await this.becomes(revision, (ready) => ready.status === 'true');
    return revision;
  }

  /** Waits until the condition is so, and returns it. */
  becomes(revision: TargetRevision, wanted: (ready: Condition) => boolean): Promise<Condition> {
    const look = () => {
      const ready = this.condition(revision);
      return wanted(ready) ? ready : undefined;
    };
    return until(look, { what: `the wished condition of ${revision.name}`, deadlineMs: 20_000 });
  }

  condition(revision: TargetRevision): Condition {
    const state = this.driver.status(SERVICE).find((one) => one.revisionId === revision.id);
    if (state === undefined) throw new Error(`${revision.name} is not there`);
    return state.ready;
  }

  instancesOf(revision: TargetRevision): number {
    return this.driver.instances().filter((one) => one.revisionId === revision.id).length;
  }

  async idle(revision: TargetRevision): Promise<void> {
    await until(() => this.instancesOf(revision) === 0, { what: 'no instance', deadlineMs: 20_000 });
  }

  remove(): Promise<void> {
    return this.driver.remove(SERVICE);
  }

  get(revision: { host: string }, path = '/', signal?: AbortSignal): Promise<Answer> {
    const { port } = this.driver.door();
    return new Promise((resolve, reject) => {
      const req = request({
        port,
        path,
        agent: false,
        headers: { host: revision.host },
        ...(signal ? { signal } : {}),
      });
      req.on('error', reject);
      req.on('response', (res) => {
        let body = '';
        res.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        res.on('error', reject);
        res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body }));
      });
      req.end();
    });
  }

  async close(): Promise<void> {
    await this.driver.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
