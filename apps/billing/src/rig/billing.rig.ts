import type { FollowedMessage } from '#libs/bus';
import { shardOf, type Clock, type UsageRecord } from '#libs/domain';
import { acquireLease, underLease, type Database, type Lease } from '#libs/store';
import { foldShard } from '../fold/window.fold.js';
import { InstanceIntake } from '../intake/instance.intake.js';
import type { IntakeResult } from '../intake/intake.worker.js';
import { UsageIntake } from '../intake/usage.intake.js';
import { readInstanceMessage, readUsageMessage, type UsageMessage } from '../intake/usage.message.js';
import { MeteredThings } from '../metered.things.js';

/** Billing's work without its loops, step by step. A new rig over the same database is a restarted process. */
export class BillingRig {
  readonly things = new MeteredThings();
  readonly intake: UsageIntake;
  readonly instances: InstanceIntake;
  private sequence = 0;

  constructor(
    readonly db: Database,
    readonly clock: Clock,
  ) {
    this.intake = new UsageIntake(db, this.things, clock);
    this.instances = new InstanceIntake(db, this.things, clock);
  }

  lease(name: string, owner: string, lifeMs = 3_600_000): Promise<Lease | undefined> {
    return this.db.asSystem((tx) => acquireLease(tx, { name, owner, now: this.clock.now(), lifeMs }));
  }

  message(gatewayId: string, body: unknown): UsageMessage {
    return readUsageMessage(this.arrived(`usage.${gatewayId}`, body));
  }

  private arrived(subject: string, body: unknown): FollowedMessage {
    this.sequence += 1;
    const data = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));
    return { subject, sequence: this.sequence, data, deliveries: 1, headers: undefined, deleted: false };
  }

  /** A message of the agent of a cluster. */
  takeInstances(lease: Lease, clusterId: string, intervals: readonly unknown[]): Promise<IntakeResult> {
    const body = { schemaVersion: 1, intervals };
    return this.instances.take([readInstanceMessage(this.arrived(`instances.${clusterId}`, body))], lease);
  }

  take(lease: Lease, gatewayId: string, records: readonly unknown[]): Promise<IntakeResult> {
    return this.intake.take([this.message(gatewayId, { schemaVersion: 1, records })], lease);
  }

  /** Folds everything of the records' organizations; returns how many windows were folded. */
  async fold(lease: Lease, of: readonly Pick<UsageRecord, 'organizationId'>[]): Promise<number> {
    let folded = 0;
    for (const shard of new Set(of.map(({ organizationId }) => shardOf(organizationId)))) {
      for (let count = 1; count > 0; folded += count) {
        ({ windows: count } = await underLease(this.db, lease, (tx) =>
          foldShard(tx, shard, this.things, this.clock.now()),
        ));
      }
    }
    return folded;
  }
}
