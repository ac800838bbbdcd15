import { randomUUID } from 'node:crypto';
import {
  GATEWAYS_BUCKET,
  ROUTES_BUCKET,
  ROUTES_MARK_KEY,
  ensureClusterTopology,
  ensureHubTopology,
  restartAgentConsumer,
  restartGatewayConsumer,
  routesMarkSchema,
  statusBucket,
  targetsBucket,
  type BucketState,
  type Bus,
} from '#libs/bus';
import type { Clock } from '#libs/domain';
import { Loop, type Logger } from '#libs/process';
import { listClusters, listGatewaysSeen, type Database } from '#libs/store';

const LOOK_MS = 5_000;
const ALL = { limit: 10_000 };
/** A gateway that was away longer asks for its consumer itself when it comes back. */
const SEEN_MS = 3_600_000;

export interface BucketGuardNews {
  /** Every service of this replica is looked at again. */
  all(): Promise<void>;
  /** Those of one cluster. */
  cluster(clusterId: string): Promise<void>;
  /** Whether this replica is the one that makes consumers anew. */
  leads(): boolean;
}

/**
 * Notices within seconds that a bucket was emptied, rolled back or lost: it is made again, agents and gateways receive
 * everything in it anew, and passes write it again wholly from the rows.
 */
export class BucketGuard {
  private readonly known = new Map<string, BucketState>();
  private readonly loop: Loop;

  constructor(
    private readonly bus: Bus,
    private readonly db: Database,
    private readonly clock: Clock,
    private readonly news: BucketGuardNews,
    private readonly logger: Logger,
  ) {
    this.loop = new Loop('buckets', LOOK_MS, () => this.look(), logger);
  }

  start(): void {
    this.loop.start();
  }

  /** Looks now: the server may have come back with an older store. */
  wake(): void {
    this.loop.wake();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(): Promise<void> {
    const { bus, news } = this;
    if (!(await bus.bucketState(GATEWAYS_BUCKET))) await ensureHubTopology(bus);
    if (await bus.bucketState(ROUTES_BUCKET)) await this.markRoutes(false);
    await this.check(ROUTES_BUCKET, async (change) => {
      if (change === 'other' && news.leads()) await this.restartGateways();
      await news.all();
    });
    const clusters = await this.db.asSystem((tx) => listClusters(tx, ALL));
    for (const { id } of clusters.filter(({ joinedAt }) => joinedAt !== undefined)) {
      if (!(await bus.bucketState(statusBucket(id)))) await ensureClusterTopology(bus, id);
      await this.check(targetsBucket(id), async (change) => {
        if (change === 'other' && news.leads()) await restartAgentConsumer(bus, id);
        await news.cluster(id);
      });
    }
  }

  /** The state is kept when the repair has worked; until then every look finds the loss again. */
  private async check(bucket: string, repair: (change: Loss) => Promise<void>): Promise<void> {
    const state = await this.bus.bucketState(bucket);
    const loss = lossOf(this.known.get(bucket), state);
    if (loss) {
      this.logger.warn({ bucket, loss }, 'a projection holds less than before: it is compared with the rows');
      await repair(loss);
    }
    const now = await this.bus.bucketState(bucket);
    if (now) this.known.set(bucket, now);
  }

  private async restartGateways(): Promise<void> {
    await ensureHubTopology(this.bus);
    await this.markRoutes(true);
    const since = this.clock.now() - SEEN_MS;
    for (const id of await this.db.asSystem((tx) => listGatewaysSeen(tx, since)))
      await restartGatewayConsumer(this.bus, id);
  }

  /** Every numbering of the routes has a mark of its own; the first of several replicas gives it. */
  private async markRoutes(anew: boolean): Promise<void> {
    const mark = { schemaVersion: 1 as const, id: randomUUID() };
    const known = await this.bus.getKey(ROUTES_BUCKET, ROUTES_MARK_KEY, routesMarkSchema);
    if (known === undefined || anew)
      await this.bus.replaceKey(ROUTES_BUCKET, ROUTES_MARK_KEY, routesMarkSchema, mark, known?.sequence);
  }
}

/** `other`: it is not there, is another one, or went back. `fewer`: keys were taken out; an erasure does that, too. */
export type Loss = 'other' | 'fewer';

/** What happened to a bucket that is otherwise only added to. */
export function lossOf(before: BucketState | undefined, now: BucketState | undefined): Loss | undefined {
  if (now === undefined) return 'other';
  if (before === undefined) return undefined;
  if (now.created !== before.created || now.lastSequence < before.lastSequence) return 'other';
  return now.keys < before.keys ? 'fewer' : undefined;
}
