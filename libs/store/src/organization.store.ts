import type { Organization } from '#libs/domain';
import {
  findOrganizationSql,
  insertOrganizationSql,
  listOrganizationsSql,
  rebindTenantSql,
  renameOrganizationSql,
  setOrganizationStatusSql,
  type OrganizationRow,
} from './organization.sql.js';
import { ms, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/**
 * Does `work` as another tenant inside the same transaction: how an operator's request makes a new organization.
 * Afterwards the transaction is bound to `home` again.
 */
export async function asOrganization<T>(
  tx: Tx,
  id: string,
  home: string,
  work: () => Promise<T>,
): Promise<T> {
  await tx.run(rebindTenantSql, [id]);
  const result = await work();
  await tx.run(rebindTenantSql, [home]);
  return result;
}

/** Must run bound to the new organization (see asOrganization). */
export async function insertOrganization(
  tx: Tx,
  organization: Pick<Organization, 'id' | 'name' | 'createdAt'>,
): Promise<Organization> {
  const { id, name, createdAt } = organization;
  const row = await tx.one(insertOrganizationSql, [id, name, time(createdAt)]);
  return toOrganization(row as OrganizationRow);
}

export async function findOrganization(tx: Tx, id: string): Promise<Organization | undefined> {
  const row = await tx.one(findOrganizationSql, [id]);
  return row && toOrganization(row);
}

export async function renameOrganization(tx: Tx, id: string, name: string): Promise<Organization> {
  return toOrganization((await tx.one(renameOrganizationSql, [id, name])) as OrganizationRow);
}

/** Must run bound to the organization (see asOrganization). */
export async function setOrganizationStatus(
  tx: Tx,
  id: string,
  status: Organization['status'],
  { reason, now }: { reason: string | undefined; now: number },
): Promise<Organization> {
  const row = await tx.one(setOrganizationStatusSql, [id, status, reason ?? null, time(now)]);
  return toOrganization(row as OrganizationRow);
}

/** Every organization of the installation: ids, names and status, nothing of their content. For operators. */
export async function listOrganizations(tx: Tx, page: PageRequest): Promise<Organization[]> {
  return (await tx.run(listOrganizationsSql, [page.after ?? '', page.limit])).map(toOrganization);
}

function toOrganization(row: OrganizationRow): Organization {
  const { id, name, status, status_reason: statusReason, version } = row;
  const reason = statusReason ? { statusReason } : {};
  return { id, name, status, ...reason, createdAt: ms(row.created_at), version };
}
