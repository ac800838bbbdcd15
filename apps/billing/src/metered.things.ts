import {
  findClusterRegions,
  findMeteredRevisions,
  findMeteredServices,
  findProducerOwners,
  type MeteredRevision,
  type MeteredService,
  type Tx,
} from '#libs/store';

/** Above it everything is forgotten: a bound on memory, not a tuning. */
const MAX_KEPT = 100_000;

/** What usage names, by id. */
interface Named {
  services?: Iterable<string>;
  revisions?: Iterable<string | undefined>;
  clusters?: Iterable<string | undefined>;
  producers?: Iterable<string>;
}

/** What some usage names, as it was loaded: what others load or forget meanwhile changes nothing of it. */
export class LoadedThings {
  constructor(
    private readonly services: ReadonlyMap<string, MeteredService>,
    private readonly revisions: ReadonlyMap<string, MeteredRevision>,
    private readonly regions: ReadonlyMap<string, string>,
    private readonly owners: ReadonlyMap<string, string>,
  ) {}

  /** The gateway that a producer belongs to, when it was bound in a transaction that had ended. */
  ownerOf(producer: string): string | undefined {
    return this.owners.get(producer);
  }

  region(clusterId: string | undefined): string | undefined {
    return clusterId === undefined ? undefined : this.regions.get(clusterId);
  }

  /** The service, when it belongs to that organization. */
  service(organizationId: string, id: string): MeteredService | undefined {
    return ofOrganization(organizationId, this.services.get(id));
  }

  /** The revision, when it belongs to that organization. */
  revision(organizationId: string, id: string): MeteredRevision | undefined {
    return ofOrganization(organizationId, this.revisions.get(id));
  }
}

/**
 * Services, revisions, regions of clusters and owners of producers by id, remembered: what metering needs of them never changes. One that is not there is asked
 * for again, since it may come.
 */
export class MeteredThings {
  private readonly services = new Map<string, MeteredService>();
  private readonly revisions = new Map<string, MeteredRevision>();
  private readonly regions = new Map<string, string>();
  private readonly owners = new Map<string, string>();

  /** @param maxKept how many of each are remembered before all are forgotten */
  constructor(private readonly maxKept = MAX_KEPT) {}

  /** All of these that there are. */
  async load(tx: Tx, named: Named): Promise<LoadedThings> {
    const { services = [], revisions = [], clusters = [], producers = [] } = named;
    return new LoadedThings(
      await this.learn(this.services, services, (ids) => findMeteredServices(tx, ids)),
      await this.learn(this.revisions, revisions, (ids) => findMeteredRevisions(tx, ids)),
      await this.learn(this.regions, clusters, (ids) => findClusterRegions(tx, ids)),
      await this.learn(this.owners, producers, (ids) => findProducerOwners(tx, ids)),
    );
  }

  private async learn<T>(
    known: Map<string, T>,
    ids: Iterable<string | undefined>,
    find: (ids: string[]) => Promise<Map<string, T>>,
  ): Promise<Map<string, T>> {
    const loaded = new Map<string, T>();
    const unknown: string[] = [];
    for (const id of new Set(ids)) {
      if (id === undefined) continue;
      const thing = known.get(id);
      if (thing === undefined) unknown.push(id);
      else loaded.set(id, thing);
    }
    if (unknown.length === 0) return loaded;
    const found = await find(unknown);
    if (known.size > this.maxKept) known.clear();
    for (const [id, thing] of found) {
      known.set(id, thing);
      loaded.set(id, thing);
    }
    return loaded;
  }
}

function ofOrganization<T extends { organizationId: string }>(
  organizationId: string,
  thing: T | undefined,
): T | undefined {
  return thing?.organizationId === organizationId ? thing : undefined;
}
