import {
  buildKey,
  buildStatusSchema,
  buildTargetSchema,
  serviceKey,
  statusBucket,
  targetSchema,
  targetStatusSchema,
  targetsBucket,
} from '#libs/bus';
import type { Clock, Condition, Digest, Id, Target } from '#libs/domain';
import type { FakeKeys } from './keys.fake.js';

/** A cluster's agent that does at once what its targets say, and reports it. */
export class FakeAgent {
  /** Revisions that do not start, with the reason. */
  readonly failing = new Map<string, string>();
  /** Revisions whose start waits, with the reason. */
  readonly waiting = new Map<string, string>();
  /** How many instances of a revision run. */
  readonly running = new Map<string, number>();
  /** What somebody else claims in its cluster, of every service. */
  contested: Condition | undefined;
  /** When set, builds fail with this sentence. */
  buildError: string | undefined;
  /** How often it was asked to build each upload digest. */
  readonly built = new Map<string, number>();

  constructor(
    private readonly keys: FakeKeys,
    readonly clusterId: Id<'cls'>,
    private readonly clock: Clock,
  ) {}

  async work(): Promise<void> {
    const bucket = targetsBucket(this.clusterId);
    for (const key of this.keys.keys(bucket)) {
      if (key.startsWith('build.')) await this.build(bucket, key);
      if (key.startsWith('service.')) await this.apply(bucket, key);
    }
  }

  private async build(bucket: string, key: string): Promise<void> {
    const entry = await this.keys.getKey(bucket, key, buildTargetSchema);
    if (!entry) return;
    const { buildId, uploadDigest } = entry.value;
    if (await this.keys.getKey(statusBucket(this.clusterId), buildKey(buildId), buildStatusSchema)) return;
    this.built.set(uploadDigest, (this.built.get(uploadDigest) ?? 0) + 1);
    const outcome =
      this.buildError === undefined
        ? { phase: 'succeeded' as const, imageDigest: imageOf(uploadDigest) }
        : { phase: 'failed' as const, error: { code: 'BUILD_FAILED', message: this.buildError } };
    const status = { schemaVersion: 1 as const, buildId, ...outcome, sentAt: this.clock.now() };
    await this.keys.putKey(statusBucket(this.clusterId), buildKey(buildId), buildStatusSchema, status);
  }

  private async apply(bucket: string, key: string): Promise<void> {
    const target = (await this.keys.getKey(bucket, key, targetSchema))?.value as Target | undefined;
    if (!target) return;
    const { clusterId } = this;
    const { generation, epoch, tombstone, service } = target;
    await this.keys.putKey(statusBucket(clusterId), serviceKey(service.id), targetStatusSchema, {
      schemaVersion: 1,
      clusterId,
      serviceId: service.id,
      generation,
      epoch,
      removed: tombstone !== undefined,
      revisions: target.revisions.map(({ name }) => ({
        name,
        ready: this.readyOf(name),
        instances: this.running.get(name) ?? 0,
      })),
      ...(this.contested === undefined ? {} : { contested: this.contested }),
      sentAt: this.clock.now(),
    });
  }

  private readyOf(revision: string): Condition {
    const reason = this.failing.get(revision);
    const changedAt = this.clock.now();
    const wait = this.waiting.get(revision);
    if (wait !== undefined)
      return { type: 'Ready', status: 'unknown', reason: wait, message: `It waits: ${wait}.`, changedAt };
    return reason === undefined
      ? { type: 'Ready', status: 'true', reason: 'Started', message: 'It started.', changedAt }
      : { type: 'Ready', status: 'false', reason, message: `It did not start: ${reason}.`, changedAt };
  }
}

/** The digest a fake build gives for an upload. */
export function imageOf(uploadDigest: string): Digest {
  return `sha256:${uploadDigest.slice('sha256:'.length).split('').reverse().join('')}`;
}
