import { LATEST, type Organization } from '#libs/domain';
import { statement } from './statement.js';

export interface OrganizationRow {
  id: Organization['id'];
  name: string;
  status: Organization['status'];
  /** Not told in the operator's list. */
  status_reason?: string | null;
  hold_until?: Date | null;
  gpu_quota?: number | null;
  created_at: Date;
  version: number;
}

const COLUMNS = 'id, name, status, status_reason, hold_until, gpu_quota, created_at, version';

export const insertOrganizationSql = statement<OrganizationRow>(
  'organization_insert',
  `INSERT INTO organizations (id, name, status, created_at) VALUES ($1, $2, 'active', $3) RETURNING ${COLUMNS}`,
);

export const findOrganizationSql = statement<OrganizationRow>(
  'organization_find',
  `SELECT ${COLUMNS} FROM organizations WHERE id = $1`,
);

export const renameOrganizationSql = statement<OrganizationRow>(
  'organization_rename',
  `UPDATE organizations SET name = $2, version = version + 1 WHERE id = $1 RETURNING ${COLUMNS}`,
);

export const setOrganizationStatusSql = statement<OrganizationRow>(
  'organization_set_status',
  `UPDATE organizations SET status = $2, status_reason = $3, status_changed_at = $4, hold_until = $5, version = version + 1
   WHERE id = $1 RETURNING ${COLUMNS}`,
);

export const setGpuQuotaSql = statement<OrganizationRow>(
  'organization_set_gpu_quota',
  `UPDATE organizations SET gpu_quota = $2, version = version + 1 WHERE id = $1 RETURNING ${COLUMNS}`,
);

/** Held until the transaction ends: services that take GPUs do so one at a time. */
export const lockGpusSql = statement<unknown>(
  'organization_lock_gpus',
  `SELECT pg_advisory_xact_lock(hashtextextended('gpus ' || $1, 0))`,
);

/** GPUs that a template, or what a revision was made of, may hold in one region. */
const gpusOf = (spec: string): string =>
  `coalesce((${spec}->'resources'->>'gpus')::bigint * (${spec}->>'maxInstances')::bigint, 0)`;

/** GPUs that other services than $2 may hold: what `gpusHeld` of the domain says of each. */
export const countGpusSql = statement<{ gpus: bigint }>(
  'organization_count_gpus',
  `SELECT coalesce(sum((CASE WHEN split.latest THEN ${gpusOf('s.template')} ELSE 0 END + named.gpus)
     * greatest(1, jsonb_array_length(s.regions))), 0)::bigint AS gpus
   FROM services s CROSS JOIN LATERAL (
     SELECT array_agg(line->>'revision') AS names, bool_or(line->>'revision' = '${LATEST}') AS latest
     FROM jsonb_array_elements(s.traffic) line
   ) split CROSS JOIN LATERAL (
     SELECT coalesce(sum(${gpusOf('r.spec')}), 0) AS gpus FROM revisions r
     WHERE r.organization_id = s.organization_id AND r.service_id = s.id AND r.name = ANY(split.names)
       AND NOT (split.latest AND r.template_generation = s.template_generation)
   ) named
   WHERE s.organization_id = $1 AND s.id <> $2 AND s.deleted_at IS NULL`,
);

/** GPUs that the revisions $3 of a service may hold in one region; the one of its template only with $4. */
export const namedGpusSql = statement<{ gpus: bigint }>(
  'organization_named_gpus',
  `SELECT coalesce(sum(${gpusOf('r.spec')}), 0)::bigint AS gpus
   FROM revisions r JOIN services s ON s.organization_id = r.organization_id AND s.id = r.service_id
   WHERE r.organization_id = $1 AND r.service_id = $2 AND r.name = ANY($3)
     AND ($4::boolean OR r.template_generation <> s.template_generation)`,
);

export const listOrganizationsSql = statement<OrganizationRow>(
  'organization_list',
  `SELECT id, name, status, created_at, version FROM list_organizations($1, $2)`,
);

export const rebindTenantSql = statement<unknown>(
  'organization_rebind',
  `SELECT set_config('towpath.organization_id', $1, true)`,
);

/** Whether a credential of the platform's operators belongs to it. */
export const holdsOperatorsSql = statement<{ holds: boolean }>(
  'organization_holds_operators',
  `SELECT EXISTS (SELECT FROM api_keys WHERE organization_id = $1 AND platform_operator AND revoked_at IS NULL)
       OR EXISTS (SELECT FROM memberships WHERE organization_id = $1 AND platform_operator) AS holds`,
);
