import { clusterStatusSchema, decode, type ClusterStatus } from '#libs/bus';
import { isLive, same, type Door } from '#libs/domain';
import type { Logger } from '#libs/process';
import { hubEpoch, raiseHubEpoch, recordCluster, type Database } from '#libs/store';

export interface ClusterNews {
  /** Where it is reached, what it can, or that it answers at all changed: all its services must be looked at. */
  changed(clusterId: string): Promise<void>;
  /** The hub's epoch was below one an agent reported and was raised: everything must be looked at. */
  epochRaised(): Promise<void>;
}

/** Folds what agents say about their clusters into the rows that placement reads. */
export class ClusterBoard {
  private readonly last = new Map<string, ClusterStatus>();

  constructor(
    private readonly db: Database,
    private readonly news: ClusterNews,
    private readonly logger: Logger,
  ) {}

  /** Takes a report as it came, of the time at which the server stored it; one that cannot be read is passed over. */
  async take(clusterId: string, bytes: Uint8Array, storedAt: number): Promise<void> {
    try {
      await this.fold(clusterId, { ...decode(clusterStatusSchema, bytes), sentAt: storedAt });
    } catch (error) {
      this.logger.warn({ err: error, cluster: clusterId }, 'a cluster status could not be taken');
    }
  }

  private async fold(clusterId: string, status: ClusterStatus): Promise<void> {
    // The bucket says who it is: only that cluster's agent may write there.
    if (status.clusterId !== clusterId) throw new Error('the status names another cluster');
    const { clusterId: id, epoch, sentAt: seenAt, schemaVersion: _version, ...seen } = status;
    const raised = await this.db.asSystem(async (tx) => {
      await recordCluster(tx, { id, seenAt, ...seen });
      // Only up, and to the same number whoever does it: this needs no lease.
      return epoch > (await hubEpoch(tx)) && (await raiseHubEpoch(tx, epoch));
    });
    const before = this.last.get(clusterId);
    this.last.set(clusterId, status);
    if (raised) await this.news.epochRaised();
    else if (before === undefined || this.differs(before, status)) await this.news.changed(clusterId);
  }

  /** One that says no door waits: only where it is reached is followed before it works again, or has waited for long. */
  private differs(before: ClusterStatus, now: ClusterStatus): boolean {
    return (
      !isLive(before.sentAt, now.sentAt) ||
      (now.door !== undefined && before.door === undefined) ||
      (reachedAt(now) !== undefined && !same(reachedAt(before), reachedAt(now))) ||
      !same([before.runtime, before.capabilities], [now.runtime, now.capabilities])
    );
  }
}

const reachedAt = ({ door, waitingDoor }: ClusterStatus): Door | undefined => door ?? waitingDoor;
