import {
  findMeteredRevisions,
  findMeteredServices,
  type MeteredRevision,
  type MeteredService,
  type Tx,
} from '#libs/store';

/** Above it everything is forgotten: a bound on memory, not a tuning. */
const MAX_KEPT = 100_000;

/**
 * Services and revisions by id, remembered: what metering needs of them never changes. One that is not there is asked
 * for again, since it may come.
 */
export class MeteredThings {
  private readonly services = new Map<string, MeteredService>();
  private readonly revisions = new Map<string, MeteredRevision>();

  async load(tx: Tx, serviceIds: Iterable<string>, revisionIds: Iterable<string>): Promise<void> {
    await learn(this.services, serviceIds, (ids) => findMeteredServices(tx, ids));
    await learn(this.revisions, revisionIds, (ids) => findMeteredRevisions(tx, ids));
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
  ids: Iterable<string>,
  find: (ids: string[]) => Promise<Map<string, T>>,
): Promise<void> {
  const unknown = [...new Set(ids)].filter((id) => !known.has(id));
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
