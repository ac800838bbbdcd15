import { serviceKey, targetSchema, targetsBucket, type Bus } from '#libs/bus';
import { Loop, type Logger } from '#libs/process';
import { listClusters, noteHeld, unknownServices, type Database } from '#libs/store';
import type { Clock } from '#libs/domain';

const LOOK_MS = 30_000;
const ALL = { limit: 10_000 };

/**
 * Lists services that clusters are told to hold and no row knows: made after the copy that the rows were put back to.
 * Nothing removes them; an operator sees them among the held ones.
 */
export class Strangers {
  private readonly loop: Loop;

  constructor(
    private readonly bus: Bus,
    private readonly db: Database,
    private readonly clock: Clock,
    logger: Logger,
  ) {
    this.loop = new Loop('strangers', LOOK_MS, () => this.look(), logger);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(): Promise<void> {
    const clusters = await this.db.asSystem((tx) => listClusters(tx, ALL));
    for (const { id } of clusters.filter(({ joinedAt }) => joinedAt !== undefined)) await this.lookAt(id);
  }

  private async lookAt(clusterId: string): Promise<void> {
    const bucket = targetsBucket(clusterId);
    const prefix = serviceKey('');
    const keys = await this.bus.listKeys(bucket, `${prefix}*`);
    const ids = keys.map((key) => key.slice(prefix.length));
    for (const id of await this.db.asSystem((tx) => unknownServices(tx, ids))) {
      const target = (await this.bus.getKey(bucket, serviceKey(id), targetSchema))?.value;
      if (target === undefined || target.tombstone) continue;
      const { organizationId, service } = target;
      await this.db.asSystem((tx) => noteHeld(tx, { ...service, organizationId }, this.clock.now()));
    }
  }
}
