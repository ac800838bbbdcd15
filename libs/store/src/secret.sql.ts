import type { Secret } from '#libs/domain';
import { statement } from './statement.js';

export interface SecretRow {
  id: Secret['id'];
  organization_id: Secret['organizationId'];
  project_id: Secret['projectId'];
  name: string;
  created_at: Date;
  version: number;
  /** Times as RFC 3339 text: they come out of JSON. */
  versions: { number: number; createdAt: string }[];
}

// Never selects `sealed`: values are opened in sealing.ts only.
const SELECT = `SELECT s.id, s.organization_id, s.project_id, s.name, s.created_at, s.version,
    coalesce((SELECT jsonb_agg(jsonb_build_object('number', v.number, 'createdAt', v.created_at) ORDER BY v.number)
      FROM secret_versions v WHERE v.organization_id = s.organization_id AND v.secret_id = s.id), '[]') AS versions
  FROM secrets s`;

export const insertSecretSql = statement<unknown>(
  'secret_insert',
  `INSERT INTO secrets (id, organization_id, project_id, name, created_at) VALUES ($1, $2, $3, $4, $5)`,
);

export const insertSecretVersionSql = statement<unknown>(
  'secret_version_insert',
  `INSERT INTO secret_versions (organization_id, secret_id, number, data_key_id, sealed, created_at)
   VALUES ($1, $2, $3, $4, $5, $6)`,
);

export const findSecretSql = statement<SecretRow>(
  'secret_find',
  `${SELECT} WHERE s.organization_id = $1 AND s.deleted_at IS NULL AND ($2::text IS NULL OR s.project_id = $2)
   AND (s.id = $3 OR ($2::text IS NOT NULL AND s.name = $3))`,
);

export const listSecretsSql = statement<SecretRow>(
  'secret_list',
  `${SELECT} WHERE s.organization_id = $1 AND s.project_id = $2 AND s.deleted_at IS NULL AND s.id > $3
   ORDER BY s.id LIMIT $4`,
);

/** Locks the secret; the numbers of versions are given under this lock. */
export const lockSecretSql = statement<{ id: string }>(
  'secret_lock',
  `UPDATE secrets SET version = version + 1 WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL
   RETURNING id`,
);

/** A statement of its own after the lock: inside one statement it would see the rows of before the wait. */
export const newestSecretVersionSql = statement<{ newest: number }>(
  'secret_version_newest',
  `SELECT coalesce(max(number), 0) AS newest FROM secret_versions WHERE organization_id = $1 AND secret_id = $2`,
);

export const eraseSecretVersionsSql = statement<unknown>(
  'secret_versions_erase',
  `DELETE FROM secret_versions WHERE organization_id = $1 AND secret_id = $2`,
);

export const deleteSecretSql = statement<unknown>(
  'secret_delete',
  `UPDATE secrets SET deleted_at = $3, version = version + 1 WHERE organization_id = $1 AND id = $2`,
);

/** Live services whose template or revisions need the secret. */
export const findSecretUsersSql = statement<{ name: string }>(
  'secret_find_users',
  `SELECT DISTINCT s.name FROM services s
   LEFT JOIN revisions r ON r.organization_id = s.organization_id AND r.service_id = s.id
   WHERE s.organization_id = $1 AND s.project_id = $2 AND s.deleted_at IS NULL
     AND (jsonb_path_exists(s.template, '$.**.secret ? (@.name == $name)', jsonb_build_object('name', $4::text))
       OR jsonb_path_exists(s.template, '$.**.pullSecret ? (@.name == $name)', jsonb_build_object('name', $4::text))
       OR jsonb_path_exists(r.spec, '$.**.secret ? (@.id == $id)', jsonb_build_object('id', $3::text))
       OR jsonb_path_exists(r.spec, '$.**.pullSecret ? (@.id == $id)', jsonb_build_object('id', $3::text)))
   ORDER BY s.name LIMIT 5`,
);
