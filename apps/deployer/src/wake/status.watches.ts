import { CLUSTER_KEY, statusBucket, type Bus, type KeyEntry } from '#libs/bus';
import { Loop, type Logger } from '#libs/process';
import { listClusters, type Database } from '#libs/store';
import type { BuildReports } from './build.reports.js';
import type { ClusterBoard } from './cluster.board.js';

const LOOK_MS = 30_000;
const ALL = { limit: 10_000 };

/** Watches the status bucket of every joined cluster: a report wakes the service it is about, and says no more. */
export class StatusWatches {
  private readonly stops = new Map<string, () => void>();
  private readonly loop: Loop;

  constructor(
    private readonly bus: Bus,
    private readonly db: Database,
    private readonly clusters: ClusterBoard,
    private readonly builds: BuildReports,
    private readonly wakeService: (serviceId: string) => void,
    private readonly logger: Logger,
  ) {
    this.loop = new Loop('clusters', LOOK_MS, () => this.watchNew(), logger);
  }

  start(): void {
    this.loop.start();
  }

  /** Looks now whether a cluster has joined. */
  wake(): void {
    this.loop.wake();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
    for (const stop of this.stops.values()) stop();
    await this.builds.stop();
  }

  /** Ends the watch of a cluster that left. */
  forget(clusterId: string): void {
    this.stops.get(clusterId)?.();
    this.stops.delete(clusterId);
  }

  private async watchNew(): Promise<void> {
    const clusters = await this.db.asSystem((tx) => listClusters(tx, ALL));
    for (const id of this.stops.keys()) if (!clusters.some((cluster) => cluster.id === id)) this.forget(id);
    for (const { id, joinedAt } of clusters) {
      if (joinedAt === undefined || this.stops.has(id)) continue;
      this.stops.set(
        id,
        await this.bus.watchKeys(statusBucket(id), '>', (entry) => void this.take(id, entry)),
      );
    }
  }

  private async take(clusterId: string, { key, value, storedAt }: KeyEntry): Promise<void> {
    if (value === undefined) return;
    const [kind, id] = key.split('.');
    if (key === CLUSTER_KEY) return this.clusters.take(clusterId, value, storedAt);
    if (kind === 'service' && id !== undefined) this.wakeService(id);
    if (kind === 'build' && id !== undefined) this.builds.take(clusterId, id, value, storedAt);
  }
}
