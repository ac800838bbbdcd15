import type { Id, Revision } from '#libs/domain';
import { findRevisionNamesSql, findRevisionSql, listRevisionsSql, type RevisionRow } from './revision.sql.js';
import { ms, type PageRequest } from './row.js';
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
