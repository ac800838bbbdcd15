/** The statements of the bare peer: what the api's stores run for the same work, as a person would write it down. */
import { randomBytes } from 'node:crypto';
import type { PoolClient } from 'pg';

interface Named {
  name: string;
  text: string;
}

const SERVICE = `id, organization_id, project_id, name, access, min_instances, template, traffic,
  generation, template_generation, status, created_at, updated_at, deleted_at, removed_at, version`;

const BIND = { name: 'bind', text: `SELECT set_config('towpath.organization_id', $1, true)` };
export const FIND_PROJECT = {
  name: 'project',
  text: `SELECT id, organization_id, name, handle, created_at, version FROM projects
   WHERE organization_id = $1 AND deleted_at IS NULL AND (id = $2 OR handle = $2)`,
};
export const FIND_SERVICE = {
  name: 'service',
  text: `SELECT ${SERVICE} FROM services
   WHERE organization_id = $1 AND project_id = $2 AND deleted_at IS NULL AND (id = $3 OR name = $3)`,
};
export const LIST_SERVICES = {
  name: 'services',
  text: `SELECT ${SERVICE} FROM services
   WHERE organization_id = $1 AND project_id = $2 AND deleted_at IS NULL AND id > $3 ORDER BY id LIMIT $4`,
};
export const INSERT_SERVICE = {
  name: 'insert_service',
  text: `INSERT INTO services (id, organization_id, project_id, name, access, min_instances, template, traffic, status,
     created_at, updated_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) RETURNING ${SERVICE}`,
};
export const INSERT_TRAFFIC = {
  name: 'insert_traffic',
  text: `INSERT INTO traffic_changes (organization_id, service_id, number, actor_id, from_traffic, to_traffic, created_at)
   VALUES ($1, $2, 1, $3, '[]', $4, $5)`,
};
export const INSERT_AUDIT = {
  name: 'insert_audit',
  text: `INSERT INTO audit_rows (id, organization_id, time, actor_id, action, object, after, request_id)
   VALUES ($1, $2, $3, $4, 'services.create', $5, $6, $7)`,
};
export const INSERT_OPERATION = {
  name: 'insert_operation',
  text: `INSERT INTO operations (id, organization_id, project_id, service_id, kind, generation, status, steps, created_at)
   VALUES ($1, $2, $3, $4, 'deploy', 1, 'pending', $5, $6)`,
};
export const INSERT_OUTBOX = {
  name: 'insert_outbox',
  text: `INSERT INTO outbox (id, name, key, organization_id, created_at) VALUES ($1, 'service.changed', $2, $3, $4)`,
};

export type Run = (statement: Named, values: unknown[]) => Promise<Record<string, unknown>[]>;

/** One transaction under row-level security, each statement awaited. */
export async function inTransaction<T>(
  client: PoolClient,
  organization: string,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const run: Run = async (statement, values) =>
    (await client.query({ ...statement, values })).rows as Record<string, unknown>[];
  try {
    await client.query('BEGIN');
    await run(BIND, [organization]);
    const result = await work(run);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

/** An id of the right form. */
export function id(prefix: string): string {
  return `${prefix}_${randomBytes(10).toString('hex')}`;
}
