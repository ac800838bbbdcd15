import { compareVersions, type CappedBuild, type Id, type Service } from '#libs/domain';
import {
  LeaseLost,
  StaleWrite,
  asksForBuild,
  type Lease,
  type ServiceChanges,
  type ServiceRecords,
} from '#libs/store';

/** The rows of services in memory, behind the same calls and with the same refusals as PostgreSQL. */
export class FakeServiceRecords {
  readonly services = new Map<string, ServiceRecords>();
  /** What was written, in order. */
  readonly written: ServiceChanges[] = [];
  readonly secrets = new Map<string, string>();
  lease: Lease = { name: 'deployer.0', epoch: 1 };
  /** Why no build may begin; undefined: each may. */
  capped: CappedBuild | undefined;
  /** What `held` answers. */
  holds = { held: 0, removing: 0 };

  add(records: ServiceRecords): void {
    this.services.set(records.service.id, records);
  }

  get(serviceId: string): ServiceRecords {
    const records = this.services.get(serviceId);
    if (!records) throw new Error(`no service ${serviceId}`);
    return records;
  }

  load(serviceId: string): Promise<ServiceRecords | undefined> {
    const records = this.services.get(serviceId);
    if (!records) return Promise.resolve(undefined);
    const operations = records.operations.filter((operation) => operation.finishedAt === undefined);
    const uploadId = records.service.template.source?.uploadId;
    const { build, ...rest } = structuredClone({ ...records, operations });
    return Promise.resolve(build?.uploadId === uploadId && build ? { ...rest, build } : rest);
  }

  async write(lease: Lease, service: Service, changes: ServiceChanges): Promise<CappedBuild | undefined> {
    await Promise.resolve();
    if (lease.epoch !== this.lease.epoch) throw new LeaseLost(lease);
    const records = this.get(service.id);
    if (records.service.generation !== service.generation) throw new StaleWrite('the intent');
    if (this.capped && asksForBuild(changes)) return this.capped;
    refuseStale(records, changes);
    this.written.push(changes);
    this.services.set(service.id, merged(records, structuredClone(changes)));
    return undefined;
  }

  held(): Promise<{ held: number; removing: number }> {
    return Promise.resolve(this.holds);
  }

  raiseEpoch(_lease: Lease, above: number): Promise<void> {
    for (const [id, records] of this.services) {
      this.services.set(id, { ...records, hubEpoch: Math.max(records.hubEpoch, above + 1) });
    }
    return Promise.resolve();
  }

  note(_lease: Lease, service: Service, isHeld: boolean): Promise<void> {
    const { held: before, ...records } = this.get(service.id);
    this.services.set(service.id, isHeld ? { ...records, held: before ?? { released: false } } : records);
    return Promise.resolve();
  }

  openSecret(_organizationId: string, secretId: Id<'sec'>, version: number): Promise<Uint8Array> {
    return Promise.resolve(new TextEncoder().encode(this.secrets.get(`${secretId}.${version}`) ?? ''));
  }
}

function refuseStale(records: ServiceRecords, { targets, routes }: ServiceChanges): void {
  for (const { target } of targets) {
    const before = records.targets.find((record) => record.target.clusterId === target.clusterId);
    if (before && compareVersions(before.target, target) > 0) throw new StaleWrite('a target');
  }
  for (const route of routes) {
    const before = records.routes.find(({ host }) => host === route.host);
    if (before && before.version >= route.version) throw new StaleWrite('a route');
  }
}

function merged(records: ServiceRecords, changes: ServiceChanges): ServiceRecords {
  const { status, build, placement, newRevision, removedAt } = changes;
  const revisions = replaced(records.revisions, changes.revisions, ({ id }) => id);
  return {
    ...records,
    service: status ? { ...records.service, status } : records.service,
    revisions: newRevision ? [...revisions, newRevision] : revisions,
    targets: replaced(records.targets, changes.targets, ({ target }) => target.clusterId),
    routes: replaced(records.routes, changes.routes, ({ host }) => host),
    operations: replaced(records.operations, changes.operations, ({ id }) => id),
    ...(build ? { build } : {}),
    ...(placement ? { placement } : {}),
    ...(removedAt === undefined ? {} : { removedAt }),
  };
}

function replaced<T>(before: readonly T[], changed: readonly T[], keyOf: (item: T) => string): T[] {
  const kept = before.map((item) => changed.find((other) => keyOf(other) === keyOf(item)) ?? item);
  return [...kept, ...changed.filter((item) => !before.some((other) => keyOf(other) === keyOf(item)))];
}
