import { SERVICE_DEFAULTS, TowpathError } from '#libs/domain';
import type { Service, ServiceIntent } from '#libs/domain';
import { isUniqueViolation } from './database.js';
import { ms, present, time, type PageRequest } from './row.js';
import {
  deleteServiceSql,
  findServiceByIdSql,
  findServiceSql,
  insertServiceSql,
  listEveryServiceSql,
  listServiceIdsSql,
  listServicesSql,
  lockServiceSql,
  updateIntentSql,
  type ServiceRow,
} from './service.sql.js';
import type { Tx } from './statement.js';

export type NewService = Pick<Service, 'id' | 'organizationId' | 'projectId' | 'createdAt' | 'status'> &
  ServiceIntent;

/** @throws TowpathError ALREADY_EXISTS while the project has a service of that name, or one that is being removed */
export async function insertService(tx: Tx, service: NewService): Promise<Service> {
  const { id, organizationId, projectId, name, createdAt, status } = service;
  try {
    const row = await tx.one(insertServiceSql, [
      id,
      organizationId,
      projectId,
      name,
      service.access,
      service.minInstances,
      JSON.stringify(service.template),
      JSON.stringify(service.traffic),
      JSON.stringify(status),
      time(createdAt),
      JSON.stringify(service.regions ?? []),
      service.rollout ?? SERVICE_DEFAULTS.rollout,
    ]);
    if (row) return toService(row);
  } catch (error) {
    if (!isUniqueViolation(error, 'services_name_live')) throw error;
    throw taken(`A service named "${name}" exists.`, 'Change that service, or choose another name.');
  }
  throw taken(`The former service "${name}" is still being removed.`, 'Try again in a moment.');
}

/** By name or id inside a project; by id alone when no project is given. Deleted services are not found. */
export async function findService(
  tx: Tx,
  organizationId: string,
  projectId: string | undefined,
  ref: string,
): Promise<Service | undefined> {
  const row = await (projectId === undefined
    ? tx.one(findServiceByIdSql, [organizationId, ref])
    : tx.one(findServiceSql, [organizationId, projectId, ref]));
  return row && toService(row);
}

/** Every service of the organization that stands, and deleted ones that are not gone yet. */
export async function listServiceIds(tx: Tx, organizationId: string): Promise<Service['id'][]> {
  return (await tx.run(listServiceIdsSql, [organizationId])).map((row) => row.id);
}

/** Every service the organization ever had, oldest first. */
export function listEveryService(
  tx: Tx,
  organizationId: string,
  page: PageRequest,
): Promise<{ id: Service['id'] }[]> {
  return tx.run(listEveryServiceSql, [organizationId, page.after ?? '', page.limit]);
}

/** Oldest first. */
export async function listServices(
  tx: Tx,
  organizationId: string,
  projectId: string,
  page: PageRequest,
): Promise<Service[]> {
  const rows = await tx.run(listServicesSql, [organizationId, projectId, page.after ?? '', page.limit]);
  return rows.map(toService);
}

/** Locks a live service until the transaction ends, so that intent changes one at a time. */
export async function lockService(tx: Tx, organizationId: string, id: string): Promise<Service | undefined> {
  const row = await tx.one(lockServiceSql, [organizationId, id]);
  return row && toService(row);
}

/** Writes changed intent; `newTemplate` says that a new revision is asked for. Needs lockService before. */
export async function updateIntent(
  tx: Tx,
  service: Pick<Service, 'id' | 'organizationId'>,
  intent: ServiceIntent,
  newTemplate: boolean,
  now: number,
): Promise<Service> {
  const row = await tx.one(updateIntentSql, [
    service.organizationId,
    service.id,
    intent.access,
    intent.minInstances,
    JSON.stringify(intent.template),
    JSON.stringify(intent.traffic),
    newTemplate,
    time(now),
    JSON.stringify(intent.regions ?? []),
    intent.rollout ?? SERVICE_DEFAULTS.rollout,
  ]);
  return toService(row as ServiceRow);
}

/** Marks a service deleted; the deployer removes what it holds. Needs lockService before. */
export async function deleteService(
  tx: Tx,
  service: Pick<Service, 'id' | 'organizationId'>,
  now: number,
): Promise<Service> {
  return toService(
    (await tx.one(deleteServiceSql, [service.organizationId, service.id, time(now)])) as ServiceRow,
  );
}

function taken(message: string, nextStep: string): TowpathError {
  return new TowpathError('ALREADY_EXISTS', message, {
    violations: [{ field: 'name', message: 'is taken' }],
    nextStep,
  });
}

export function toService(row: ServiceRow): Service {
  const { id, name, access, template, traffic, generation, status, version } = row;
  return {
    id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    name,
    access,
    minInstances: row.min_instances,
    ...(row.regions.length > 0 ? { regions: row.regions } : {}),
    rollout: row.rollout,
    template,
    traffic,
    generation,
    status,
    createdAt: ms(row.created_at),
    updatedAt: ms(row.updated_at),
    version,
    ...present({ deletedAt: row.deleted_at?.getTime() }),
  };
}
