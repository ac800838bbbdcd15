import type { OrganizationStatus, Service, ServiceStatus } from '#libs/domain';
import { time } from './row.js';
import {
  findIntentSql,
  findOwnersSql,
  listStandingServicesSql,
  listUnsettledServicesSql,
  lockGenerationSql,
  markRemovedSql,
  updateStatusSql,
} from './service-status.sql.js';
import { toService } from './service.store.js';
import type { Tx } from './statement.js';

/** A service as the deployer reads it: also a deleted one. Times in UTC ms. */
export interface IntentRecord {
  service: Service;
  projectHandle: string;
  organizationStatus: OrganizationStatus;
  /** Set while the organization has a cap. */
  cap?: { reached: boolean };
  /** The intent generation that changed the template last. */
  templateGeneration: number;
  /** When everything of a deleted service was gone. */
  removedAt?: number;
}

type Ref = Pick<Service, 'organizationId' | 'id'>;

/** Whose services these are, by id; those that are not there are left out. */
export async function findOwners(tx: Tx, serviceIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.run(findOwnersSql, [serviceIds]);
  return new Map(rows.map((row) => [row.id, row.organization_id]));
}

export async function findIntent(tx: Tx, id: string): Promise<IntentRecord | undefined> {
  const row = await tx.one(findIntentSql, [id]);
  if (!row) return undefined;
  return {
    service: toService(row),
    projectHandle: row.project_handle,
    organizationStatus: row.organization_status,
    templateGeneration: row.template_generation,
    ...(row.cap_reached === null ? {} : { cap: { reached: row.cap_reached } }),
    ...(row.removed_at ? { removedAt: row.removed_at.getTime() } : {}),
  };
}

/** Locks the service until the transaction ends and gives the generation of its intent now. */
export async function lockGeneration(tx: Tx, { organizationId, id }: Ref): Promise<number | undefined> {
  return (await tx.one(lockGenerationSql, [organizationId, id]))?.generation;
}

export async function updateServiceStatus(
  tx: Tx,
  { organizationId, id }: Ref,
  status: ServiceStatus,
): Promise<void> {
  await tx.run(updateStatusSql, [organizationId, id, JSON.stringify(status)]);
}

/** Notes that nothing of a deleted service is left anywhere. */
export async function markRemoved(tx: Tx, { organizationId, id }: Ref, now: number): Promise<void> {
  await tx.run(markRemovedSql, [organizationId, id, time(now)]);
}

/** Ids of all services that hold something or should. */
export async function listStandingServices(tx: Tx): Promise<string[]> {
  return (await tx.run(listStandingServicesSql)).map((row) => row.id);
}

/** Ids of services that are not where their intent wants them, or have an open operation. */
export async function listUnsettledServices(tx: Tx): Promise<string[]> {
  return (await tx.run(listUnsettledServicesSql)).map((row) => row.id);
}
