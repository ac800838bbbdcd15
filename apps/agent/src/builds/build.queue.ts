import { TowpathError, toPublicError, type Clock, type Digest, type Id } from '#libs/domain';
import {
  buildKey,
  buildStatusSchema,
  statusBucket,
  type BuildStatus,
  type BuildTarget,
  type Bus,
} from '#libs/bus';
import type { Line } from '../logs/log.shipper.js';
import { KeyedQueue, crashPoint, type Again, type Logger } from '#libs/process';
import type { Builder } from './builder.js';
import type { BuildStore } from './build.store.js';

const ATTEMPTS = 3;

export interface BuildParts {
  clusterId: Id<'cls'>;
  builds: BuildStore;
  builder: Builder;
  bus: () => Bus;
  log: (of: Pick<BuildTarget, 'organizationId' | 'buildId'>, line: Line) => void;
  clock: Clock;
  logger: Logger;
}

/** Builds one after the other, organizations in turns, each once: a result on disk is only said again; an interrupted build starts anew. */
export class BuildQueue {
  private readonly queue: KeyedQueue<Id<'bld'>>;
  private readonly abort = new AbortController();
  private readonly unsaid = new Set<Id<'bld'>>();
  private readonly attempts = new Map<Id<'bld'>, number>();

  constructor(private readonly parts: BuildParts) {
    this.queue = new KeyedQueue('builds', (id: Id<'bld'>) => this.work(id), 1, parts.logger, {
      tenantOf: (id) => parts.builds.get(id)?.target.organizationId ?? '',
      each: 1,
    });
  }

  /** Takes up what a former run did not finish. */
  start(): void {
    for (const { target } of this.parts.builds.unfinished()) this.queue.add(target.buildId);
  }

  /** Resolves once the target is on disk. */
  readonly accept = async (target: BuildTarget): Promise<void> => {
    await this.parts.builds.add(target);
    this.unsaid.add(target.buildId);
    this.queue.add(target.buildId);
  };

  /** The hub will not ask again. */
  readonly forget = (buildId: string): Promise<void> => {
    this.unsaid.delete(buildId as Id<'bld'>);
    this.attempts.delete(buildId as Id<'bld'>);
    return this.parts.builds.forget(buildId);
  };

  /** The hub is back: what it has not heard is said at once. */
  wake(): void {
    for (const buildId of this.unsaid) this.queue.add(buildId);
  }

  /** Ends the build in hand without a result. */
  async stop(): Promise<void> {
    this.abort.abort();
    await this.queue.stop();
  }

  private async work(buildId: Id<'bld'>): Promise<Again> {
    const record = this.parts.builds.get(buildId);
    if (record === undefined) return undefined;
    this.unsaid.add(buildId);
    const result = record.result ?? (await this.run(record.target));
    if (result === undefined) return undefined;
    await this.say(result);
    this.unsaid.delete(buildId);
    return undefined;
  }

  private async run(target: BuildTarget): Promise<BuildStatus | undefined> {
    const { builds, builder } = this.parts;
    const { buildId } = target;
    // The hub may be away; the build does not wait for it.
    void this.say(this.status(buildId, { phase: 'running' })).catch(() => undefined);
    const onLine = (text: string): void =>
      this.parts.log(target, { time: this.parts.clock.now(), stream: 'build', text });
    const startedAt = this.parts.clock.now();
    const took = () => ({ startedAt, endedAt: this.parts.clock.now() });
    let result: BuildStatus;
    try {
      const imageDigest: Digest = await builder.build(target, onLine, this.abort.signal);
      crashPoint('agent.built');
      result = this.status(buildId, { phase: 'succeeded', imageDigest, ...took() });
    } catch (error) {
      if (this.abort.signal.aborted) return undefined;
      const shown = this.publicError(buildId, error);
      onLine(shown.message);
      result = this.status(buildId, { phase: 'failed', error: toPublicError(shown), ...took() });
    }
    await builds.finish(target, result);
    return result;
  }

  /** An unexpected error is tried again a few times before it counts as the build's end. */
  private publicError(buildId: Id<'bld'>, error: unknown): TowpathError {
    if (error instanceof TowpathError) return error;
    const attempts = (this.attempts.get(buildId) ?? 0) + 1;
    this.attempts.set(buildId, attempts);
    if (attempts < ATTEMPTS) throw error;
    this.parts.logger.error({ err: error, buildId }, 'a build failed on our side');
    return new TowpathError('INTERNAL', 'The build failed on our side.', {
      nextStep: 'Deploy again; if it fails again, tell the operator the build’s id.',
    });
  }

  private status(
    buildId: Id<'bld'>,
    more: Omit<BuildStatus, 'schemaVersion' | 'buildId' | 'sentAt'>,
  ): BuildStatus {
    return { schemaVersion: 1, buildId, ...more, sentAt: this.parts.clock.now() };
  }

  private async say(status: BuildStatus): Promise<void> {
    const bucket = statusBucket(this.parts.clusterId);
    await this.parts.bus().putKey(bucket, buildKey(status.buildId), buildStatusSchema, status);
  }
}
