import { GPU_CLASSES_KEY, gpuClassesSchema, targetsBucket, type Bus } from '#libs/bus';
import { same, type OfferedGpus } from '#libs/domain';
import { Loop, type Logger } from '#libs/process';
import { allGpuClasses, listClusters, type Database } from '#libs/store';

const LOOK_MS = 10_000;
const ALL = { limit: 10_000 };

interface Parts {
  bus: Bus;
  db: Database;
  /** Whether this replica is the one that shows them. */
  leads: () => boolean;
  logger: Logger;
}

/** Shows every agent which GPU classes there are: it counts what its cluster has of each. */
export class GpuClassProjection {
  private readonly loop: Loop;

  constructor(private readonly parts: Parts) {
    this.loop = new Loop('gpu classes', LOOK_MS, () => this.look(), parts.logger);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(): Promise<void> {
    const { db, leads } = this.parts;
    if (!leads()) return;
    const [all, clusters] = await db.asSystem(async (tx) => [
      await allGpuClasses(tx),
      await listClusters(tx, ALL),
    ]);
    const classes = all.map(({ name, resource, nodeLabels, tolerations }): OfferedGpus => ({
      ...{ name, resource, nodeLabels, tolerations },
    }));
    for (const { id, joinedAt } of clusters) if (joinedAt !== undefined) await this.tryShow(id, classes);
  }

  /** A cluster that cannot be shown them does not keep the others from it. */
  private async tryShow(clusterId: string, classes: OfferedGpus[]): Promise<void> {
    try {
      await this.show(clusterId, classes);
    } catch (error) {
      this.parts.logger.warn({ err: error, clusterId }, 'GPU classes are not shown to a cluster');
    }
  }

  /** What another replica wrote meanwhile is looked at the next time. */
  private async show(clusterId: string, classes: OfferedGpus[]): Promise<void> {
    const { bus } = this.parts;
    const bucket = targetsBucket(clusterId);
    const shown = await bus.getKey(bucket, GPU_CLASSES_KEY, gpuClassesSchema);
    if (same(shown?.value.classes ?? [], classes)) return;
    const value = { schemaVersion: 1 as const, classes };
    await bus.replaceKey(bucket, GPU_CLASSES_KEY, gpuClassesSchema, value, shown?.sequence);
  }
}
