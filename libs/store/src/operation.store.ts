import type { Operation, OperationStep } from '#libs/domain';
import {
  findOperationSql,
  insertOperationSql,
  listOpenOperationsSql,
  listOperationsSql,
  updateOperationSql,
  type NamedOperationRow,
  type OperationRow,
} from './operation.sql.js';
import { AFTER_ALL, ms, present, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/** An operation with the names a reader wants to see. */
export interface NamedOperation extends Operation {
  projectHandle: string;
  serviceName: string;
}

export type NewOperation = Pick<
  Operation,
  'id' | 'organizationId' | 'projectId' | 'serviceId' | 'kind' | 'generation' | 'createdAt'
> & {
  /** What `plannedSteps` of domain gives; the deployer advances them. */
  steps?: OperationStep[];
};

/** Writes a pending operation; the deployer writes its steps and its end. */
export async function insertOperation(tx: Tx, operation: NewOperation): Promise<Operation> {
  const { id, organizationId, projectId, serviceId, kind, generation, createdAt } = operation;
  const steps = JSON.stringify(operation.steps ?? []);
  const values = [id, organizationId, projectId, serviceId, kind, generation, steps, time(createdAt)];
  return toOperation((await tx.one(insertOperationSql, values)) as OperationRow);
}

export async function findOperation(
  tx: Tx,
  organizationId: string,
  id: string,
): Promise<NamedOperation | undefined> {
  const row = await tx.one(findOperationSql, [organizationId, id]);
  return row && toNamedOperation(row);
}

/** Newest first. `service` is an id or a name, also of a service that is gone. */
export async function listOperations(
  tx: Tx,
  organizationId: string,
  page: PageRequest,
  only: { projectId?: string | undefined; service?: string | undefined },
): Promise<NamedOperation[]> {
  const { projectId, service } = only;
  const values = [organizationId, page.after ?? AFTER_ALL, page.limit, projectId ?? null, service ?? null];
  return (await tx.run(listOperationsSql, values)).map(toNamedOperation);
}

/** Operations of a service that have not ended, oldest first. */
export async function listOpenOperations(
  tx: Tx,
  service: { organizationId: string; id: string },
): Promise<Operation[]> {
  return (await tx.run(listOpenOperationsSql, [service.organizationId, service.id])).map(toOperation);
}

/** Writes steps and end of an operation; one that has ended stays as it is. */
export async function updateOperation(tx: Tx, operation: Operation): Promise<void> {
  const { organizationId, id, status, steps, error, finishedAt, version } = operation;
  const failure = error ? JSON.stringify(error) : null;
  await tx.run(updateOperationSql, [
    organizationId,
    id,
    status,
    JSON.stringify(steps),
    failure,
    time(finishedAt),
    version,
  ]);
}

function toNamedOperation(row: NamedOperationRow): NamedOperation {
  return { ...toOperation(row), projectHandle: row.project_handle, serviceName: row.service_name };
}

export function toOperation(row: OperationRow): Operation {
  const { id, kind, generation, status, steps, version } = row;
  return {
    id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    serviceId: row.service_id,
    kind,
    generation,
    status,
    steps,
    createdAt: ms(row.created_at),
    version,
    ...present({ error: row.error, finishedAt: row.finished_at?.getTime() }),
  };
}
