import type { Rollout, Service, Template, TrafficTarget } from '#libs/domain';
import { statement } from './statement.js';

export interface ServiceRow {
  id: Service['id'];
  organization_id: Service['organizationId'];
  project_id: Service['projectId'];
  name: string;
  access: Service['access'];
  min_instances: number;
  regions: string[];
  rollout: Rollout;
  template: Template;
  traffic: TrafficTarget[];
  generation: number;
  template_generation: number;
  status: Service['status'];
  created_at: Date;
  updated_at: Date;
  deleted_at: Date | null;
  removed_at: Date | null;
  version: number;
}

export const SERVICE_COLUMNS = `id, organization_id, project_id, name, access, min_instances, regions, rollout, template, traffic,
  generation, template_generation, status, created_at, updated_at, deleted_at, removed_at, version`;

/** No row while a service of that name is being removed: its hosts and instances still exist. */
export const insertServiceSql = statement<ServiceRow>(
  'service_insert',
  `INSERT INTO services (id, organization_id, project_id, name, access, min_instances, template, traffic, status,
     created_at, updated_at, regions, rollout)
   SELECT $1, $2::text, $3::text, $4::text, $5, $6::int, $7::jsonb, $8::jsonb, $9::jsonb, $10::timestamptz, $10,
     $11::jsonb, $12::text
   WHERE NOT EXISTS (SELECT 1 FROM services WHERE organization_id = $2 AND project_id = $3 AND name = $4
     AND deleted_at IS NOT NULL AND removed_at IS NULL)
   RETURNING ${SERVICE_COLUMNS}`,
);

/** By name or id inside a project. */
export const findServiceSql = statement<ServiceRow>(
  'service_find',
  `SELECT ${SERVICE_COLUMNS} FROM services
   WHERE organization_id = $1 AND project_id = $2 AND deleted_at IS NULL AND (id = $3 OR name = $3)`,
);

/** A statement of its own: one with an optional project would look through the whole organization. */
export const findServiceByIdSql = statement<ServiceRow>(
  'service_find_by_id',
  `SELECT ${SERVICE_COLUMNS} FROM services WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL`,
);

export const lockServiceSql = statement<ServiceRow>(
  'service_lock',
  `SELECT ${SERVICE_COLUMNS} FROM services
   WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE`,
);

export const listServicesSql = statement<ServiceRow>(
  'service_list',
  `SELECT ${SERVICE_COLUMNS} FROM services
   WHERE organization_id = $1 AND project_id = $2 AND deleted_at IS NULL AND id > $3 ORDER BY id LIMIT $4`,
);

export const updateIntentSql = statement<ServiceRow>(
  'service_update_intent',
  `UPDATE services SET access = $3, min_instances = $4, template = $5, traffic = $6, regions = $9, rollout = $10,
     generation = generation + 1, updated_at = $8,
     -- the intent generation that changed the template last: it names the operation a revision belongs to
     template_generation = CASE WHEN $7 THEN generation + 1 ELSE template_generation END,
     version = version + 1
   WHERE organization_id = $1 AND id = $2 RETURNING ${SERVICE_COLUMNS}`,
);

export const deleteServiceSql = statement<ServiceRow>(
  'service_delete',
  `UPDATE services SET deleted_at = $3, updated_at = $3, generation = generation + 1, version = version + 1
   WHERE organization_id = $1 AND id = $2 RETURNING ${SERVICE_COLUMNS}`,
);

/** Of the whole organization, deleted ones too. */
export const listEveryServiceSql = statement<{ id: Service['id'] }>(
  'service_list_every',
  `SELECT id FROM services WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
);

/** Of the whole organization the transaction is bound to, deleted ones that still stand too. */
export const listServiceIdsSql = statement<{ id: Service['id'] }>(
  'service_list_ids',
  `SELECT id FROM services WHERE organization_id = $1 AND removed_at IS NULL`,
);
