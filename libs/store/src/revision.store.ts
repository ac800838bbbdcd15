import type { Id, Revision } from '#libs/domain';
import {
  createRevisionSql,
  findRevisionNamesSql,
  findRevisionSql,
  listRelevantRevisionsSql,
  listRevisionsSql,
  updateRevisionSql,
  type RevisionRow,
} from './revision.sql.js';
import { ms, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/** By name or id inside a service; by id alone when no service is given. */
export async function findRevision(
  tx: Tx,
  organizationId: string,
  serviceId: Id<'svc'> | undefined,
  ref: string,
): Promise<Revision | undefined> {
  const row = await tx.one(findRevisionSql, [organizationId, serviceId ?? null, ref]);
  return row && toRevision(row);
}

/** Newest first; `page.after` is the number of the last row of the page before. */
export async function listRevisions(
  tx: Tx,
  organizationId: string,
  serviceId: Id<'svc'>,
  page: PageRequest,
): Promise<Revision[]> {
  const before = page.after === undefined ? null : Number(page.after);
  return (await tx.run(listRevisionsSql, [organizationId, serviceId, before, page.limit])).map(toRevision);
}

/** Which of these names are revisions of the service. */
export async function existingRevisions(
  tx: Tx,
  organizationId: string,
  serviceId: Id<'svc'>,
  names: readonly string[],
): Promise<Set<string>> {
  const rows = await tx.run(findRevisionNamesSql, [organizationId, serviceId, names]);
  return new Set(rows.map((row) => row.name));
}

/** A revision as the deployer reads it. */
export interface RevisionRecord extends Revision {
  /** The generation of the intent that asked for it. */
  templateGeneration: number;
  /** The last time it was given or lost traffic, UTC ms. */
  servedAt?: number;
}

/**
 * The newest 20 revisions, the last `served` that served, and whatever is named or was asked for by one of these
 * generations; ascending by number.
 */
export async function listRelevantRevisions(
  tx: Tx,
  service: { organizationId: string; id: string },
  also: { names: readonly string[]; generations: readonly number[]; served: number },
): Promise<RevisionRecord[]> {
  const values = [service.organizationId, service.id, also.names, also.generations, also.served];
  return (await tx.run(listRelevantRevisionsSql, values)).map((row) => ({
    ...toRevision(row),
    templateGeneration: row.template_generation,
    ...(row.served_at ? { servedAt: ms(row.served_at) } : {}),
  }));
}

/** Needs lockGeneration before; name, number and template generation are unique within the service. */
export async function createRevision(tx: Tx, revision: RevisionRecord): Promise<void> {
  await tx.run(createRevisionSql, [
    revision.id,
    revision.organizationId,
    revision.projectId,
    revision.serviceId,
    revision.name,
    revision.number,
    revision.templateGeneration,
    JSON.stringify(revision.spec),
    JSON.stringify(revision.status),
    time(revision.createdAt),
  ]);
}

/** Writes what was observed of a revision; nothing else of it can change. */
export async function updateRevision(tx: Tx, revision: RevisionRecord): Promise<void> {
  const { organizationId, id, status, servedAt } = revision;
  await tx.run(updateRevisionSql, [organizationId, id, JSON.stringify(status), time(servedAt)]);
}

export function toRevision(row: RevisionRow): Revision {
  const { id, name, number, spec, status } = row;
  return {
    id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    serviceId: row.service_id,
    name,
    number,
    spec,
    status,
    createdAt: ms(row.created_at),
  };
}
