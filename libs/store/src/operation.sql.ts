import type { Id, Operation, OperationStep, PublicError } from '#libs/domain';
import { statement } from './statement.js';

export interface OperationRow {
  id: Operation['id'];
  organization_id: Operation['organizationId'];
  project_id: Operation['projectId'];
  service_id: Id<'svc'>;
  kind: Operation['kind'];
  generation: number;
  status: Operation['status'];
  steps: OperationStep[];
  error: PublicError | null;
  created_at: Date;
  finished_at: Date | null;
  version: number;
}

/** An operation with the names a reader wants to see. */
export interface NamedOperationRow extends OperationRow {
  project_handle: string;
  service_name: string;
}

export const OPERATION_COLUMNS = `id, organization_id, project_id, service_id, kind, generation, status, steps, error,
  created_at, finished_at, version`;

export const insertOperationSql = statement<OperationRow>(
  'operation_insert',
  `INSERT INTO operations (id, organization_id, project_id, service_id, kind, generation, status, steps, created_at)
   VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7, $8) RETURNING ${OPERATION_COLUMNS}`,
);

const NAMED = `SELECT o.id, o.organization_id, o.project_id, o.service_id, o.kind, o.generation, o.status, o.steps,
    o.error, o.created_at, o.finished_at, o.version, p.handle AS project_handle, s.name AS service_name
  FROM operations o
  JOIN projects p ON p.organization_id = o.organization_id AND p.id = o.project_id
  JOIN services s ON s.organization_id = o.organization_id AND s.id = o.service_id`;

export const findOperationSql = statement<NamedOperationRow>(
  'operation_find',
  `${NAMED} WHERE o.organization_id = $1 AND o.id = $2`,
);

/** Newest first, narrowed to a project and to a service (by id, or by the name it has or had). */
export const listOperationsSql = statement<NamedOperationRow>(
  'operation_list',
  `${NAMED} WHERE o.organization_id = $1 AND o.id < $2 AND ($4::text IS NULL OR o.project_id = $4)
     AND ($5::text IS NULL OR s.id = $5 OR s.name = $5)
   ORDER BY o.id DESC LIMIT $3`,
);

export const listOpenOperationsSql = statement<OperationRow>(
  'operation_list_open',
  `SELECT ${OPERATION_COLUMNS} FROM operations
   WHERE organization_id = $1 AND service_id = $2 AND finished_at IS NULL ORDER BY id`,
);

export const updateOperationSql = statement<unknown>(
  'operation_update',
  `UPDATE operations SET status = $3, steps = $4, error = $5, finished_at = $6, version = $7
   WHERE organization_id = $1 AND id = $2 AND finished_at IS NULL`,
);
