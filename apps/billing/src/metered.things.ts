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
interface NamedThings {
  services?: Iterable<string>;
  revisions?: Iterable<string | undefined>;
  clusters?: Iterable<string | undefined>;
  producers?: Iterable<string>;
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

  async load(tx: Tx, named: NamedThings): Promise<void> {
    const { services = [], revisions = [], clusters = [], producers = [] } = named;
    await learn(this.services, services, (ids) => findMeteredServices(tx, ids));
    await learn(this.revisions, revisions, (ids) => findMeteredRevisions(tx, ids));
    await learn(this.regions, clusters, (ids) => findClusterRegions(tx, ids));
    await learn(this.owners, producers, (ids) => findProducerOwners(tx, ids));
  }

  /** The gateway that a producer belongs to, when it is loaded and was bound in a transaction that has ended. */
  ownerOf(producer: string): string | undefined {
    return this.owners.get(producer);
  }

  /** The region of a cluster, when it is loaded. */
  region(clusterId: string | undefined): string | undefined {
    return clusterId === undefined ? undefined : this.regions.get(clusterId);
  }

  /** The service, when it is loaded and belongs to that organization. */
  service(organizationId: string, id: string): MeteredService | undefined {
    return ofOrganization(organizationId, this.services.get(id));
  }

  /** The revision, when it is loaded and belongs to that organization. */
  revision(organizationId: string, id: string): MeteredRevision | undefined {
    return ofOrganization(organizationId, this.revisions.get(id));
  }
}

async function learn<T>(
  known: Map<string, T>,
  ids: Iterable<string | undefined>,
  find: (ids: string[]) => Promise<Map<string, T>>,
): Promise<void> {
  const unknown = [...new Set(ids)].filter((id) => id !== undefined).filter((id) => !known.has(id));
  if (unknown.length === 0) return;
  if (known.size > MAX_KEPT) known.clear();
  for (const [id, thing] of await find(unknown)) known.set(id, thing);
}

function ofOrganization<T extends { organizationId: string }>(
  organizationId: string,
  thing: T | undefined,
): T | undefined {
  return thing?.organizationId === organizationId ? thing : undefined;
}
