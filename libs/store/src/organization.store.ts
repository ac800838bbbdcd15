import type { Organization, Service } from '#libs/domain';
import {
  countGpusSql,
  namedGpusSql,
  findOrganizationSql,
  holdsOperatorsSql,
  insertOrganizationSql,
  listOrganizationsSql,
  lockGpusSql,
  rebindTenantSql,
  renameOrganizationSql,
  setGpuQuotaSql,
  setOrganizationStatusSql,
  type OrganizationRow,
} from './organization.sql.js';
import { ms, present, time, type PageRequest } from './row.js';
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
  { reason, holdUntil, now }: { reason: string | undefined; holdUntil?: number | undefined; now: number },
): Promise<Organization> {
  const row = await tx.one(setOrganizationStatusSql, [
    id,
    status,
    reason ?? null,
    time(now),
    time(holdUntil),
  ]);
  return toOrganization(row as OrganizationRow);
}

/** Must run bound to the organization (see asOrganization). `quota` undefined: any number. */
export async function setGpuQuota(tx: Tx, id: string, quota: number | undefined): Promise<Organization> {
  return toOrganization((await tx.one(setGpuQuotaSql, [id, quota ?? null])) as OrganizationRow);
}

/**
 * GPUs that the organization's other services may hold, and how many it may; undefined where it may hold any number. No
 * other service takes more until the transaction ends.
 */
export async function holdGpuQuota(
  tx: Tx,
  organizationId: string,
  serviceId: string | undefined,
): Promise<{ quota: number; used: number } | undefined> {
  await tx.run(lockGpusSql, [organizationId]);
  const quota = (await findOrganization(tx, organizationId))?.gpuQuota;
  if (quota === undefined) return undefined;
  const row = await tx.one(countGpusSql, [organizationId, serviceId ?? '']);
  return { quota, used: Number(row?.gpus ?? 0) };
}

/**
 * GPUs that revisions of a service may hold in one region, of those with these names.
 * @param withNewest also of the one that its present template asked for
 */
export async function namedGpus(
  tx: Tx,
  { organizationId, id }: Pick<Service, 'organizationId' | 'id'>,
  names: readonly string[],
  withNewest: boolean,
): Promise<number> {
  if (names.length === 0) return 0;
  return Number((await tx.one(namedGpusSql, [organizationId, id, names, withNewest]))?.gpus ?? 0);
}

/** Whether the platform's operators are among its members and keys; must run bound to the organization. */
export async function holdsOperators(tx: Tx, id: string): Promise<boolean> {
  return (await tx.one(holdsOperatorsSql, [id]))?.holds === true;
}

/** Every organization of the installation: ids, names and status, nothing of their content. For operators. */
export async function listOrganizations(tx: Tx, page: PageRequest): Promise<Organization[]> {
  return (await tx.run(listOrganizationsSql, [page.after ?? '', page.limit])).map(toOrganization);
}

function toOrganization(row: OrganizationRow): Organization {
  const { id, name, status, version } = row;
  const held = present({
    statusReason: row.status_reason,
    holdUntil: row.hold_until?.getTime(),
    gpuQuota: row.gpu_quota,
  });
  return { id, name, status, ...held, createdAt: ms(row.created_at), version };
}
