import type { CappedBuild, Clock, Id, Service } from '#libs/domain';
import {
  asksForBuild,
  countHeld,
  forgetHeld,
  loadServiceRecords,
  noteHeld,
  openSecretVersion,
  raiseHubEpoch,
  refuseBuild,
  underLease,
  writeServiceChanges,
  type Database,
  type Lease,
  type ServiceChanges,
  type ServiceRecords,
} from '#libs/store';
import type { Records } from './ports.js';

/** The rows in PostgreSQL, by the system role; tells which operations have moved once that is committed. */
export class DatabaseRecords implements Records {
  constructor(
    private readonly db: Database,
    private readonly clock: Clock,
    private readonly options: { domain: string; masterKey: Uint8Array },
    private readonly moved: (operationId: string) => void,
  ) {}

  load(serviceId: string): Promise<ServiceRecords | undefined> {
    return this.db.readAsSystem((tx) =>
      loadServiceRecords(tx, serviceId, this.options.domain, this.clock.now()),
    );
  }

  async write(lease: Lease, service: Service, changes: ServiceChanges): Promise<CappedBuild | undefined> {
    const now = this.clock.now();
    const refused = await underLease(this.db, lease, async (tx) => {
      const capped = asksForBuild(changes) ? await refuseBuild(tx, service.organizationId, now) : undefined;
      if (capped === undefined) await writeServiceChanges(tx, service, changes, now);
      return capped;
    });
    if (refused === undefined) for (const { id } of changes.operations) this.moved(id);
    return refused;
  }

  held(clusterId: Id<'cls'>): Promise<{ held: number; removing: number }> {
    return this.db.asSystem((tx) => countHeld(tx, clusterId));
  }

  async raiseEpoch(lease: Lease, above: number): Promise<void> {
    await underLease(this.db, lease, (tx) => raiseHubEpoch(tx, above));
  }

  async note(lease: Lease, service: Service, isHeld: boolean): Promise<void> {
    const now = this.clock.now();
    await underLease(this.db, lease, (tx) =>
      isHeld ? noteHeld(tx, service, now) : forgetHeld(tx, service.id),
    );
  }

  openSecret(organizationId: string, secretId: Id<'sec'>, version: number): Promise<Uint8Array> {
    const { masterKey } = this.options;
    return this.db.asSystem((tx) => openSecretVersion(tx, organizationId, secretId, version, masterKey));
  }
}
