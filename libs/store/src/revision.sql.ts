import type { Id, Revision } from '#libs/domain';
import { statement } from './statement.js';

export interface RevisionRow {
  id: Revision['id'];
  organization_id: Revision['organizationId'];
  project_id: Revision['projectId'];
  service_id: Id<'svc'>;
  name: string;
  number: number;
  template_generation: number;
  spec: Revision['spec'];
  status: Revision['status'];
  served_at: Date | null;
  created_at: Date;
}

export const REVISION_COLUMNS = `id, organization_id, project_id, service_id, name, number, template_generation, spec,
  status, served_at, created_at`;

/** By name or id inside a service; by id alone when no service is given. Not of a deleted service. */
export const findRevisionSql = statement<RevisionRow>(
  'revision_find',
  `SELECT ${REVISION_COLUMNS} FROM revisions r
   WHERE organization_id = $1 AND ($2::text IS NULL OR service_id = $2)
     AND (id = $3 OR ($2::text IS NOT NULL AND name = $3))
     AND EXISTS (SELECT 1 FROM services s
       WHERE s.organization_id = r.organization_id AND s.id = r.service_id AND s.deleted_at IS NULL)`,
);

/** Newest first; `before` is the number of the last row of the page before. */
export const listRevisionsSql = statement<RevisionRow>(
  'revision_list',
  `SELECT ${REVISION_COLUMNS} FROM revisions
   WHERE organization_id = $1 AND service_id = $2 AND ($3::int IS NULL OR number < $3)
   ORDER BY number DESC LIMIT $4`,
);

export const findRevisionNamesSql = statement<{ name: string }>(
  'revision_find_names',
  `SELECT name FROM revisions WHERE organization_id = $1 AND service_id = $2 AND name = ANY($3)`,
);

// The newest ones, and whichever older ones the service still has to do with.
export const listRelevantRevisionsSql = statement<RevisionRow>(
  'revision_list_relevant',
  `SELECT ${REVISION_COLUMNS} FROM revisions r
   WHERE organization_id = $1 AND service_id = $2
     AND (number > (SELECT max(number) - 20 FROM revisions WHERE organization_id = $1 AND service_id = $2)
       OR name = ANY($3) OR template_generation = ANY($4)
       OR id IN (SELECT id FROM revisions WHERE organization_id = $1 AND service_id = $2 AND served_at IS NOT NULL
         ORDER BY served_at DESC LIMIT $5))
   ORDER BY number`,
);

export const createRevisionSql = statement<unknown>(
  'revision_create',
  `INSERT INTO revisions (id, organization_id, project_id, service_id, name, number, template_generation, spec, status,
     created_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
);

export const updateRevisionSql = statement<unknown>(
  'revision_update',
  `UPDATE revisions SET status = $3, served_at = $4 WHERE organization_id = $1 AND id = $2`,
);
