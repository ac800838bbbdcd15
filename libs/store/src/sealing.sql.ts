import { statement } from './statement.js';

/** The data key of that id, or the newest when the id is null. */
export const findDataKeySql = statement<{ id: number; wrapped: Buffer }>(
  'data_key_find',
  `SELECT id, wrapped FROM data_keys WHERE organization_id = $1 AND ($2::int IS NULL OR id = $2)
   ORDER BY id DESC LIMIT 1`,
);

export const insertDataKeySql = statement<unknown>(
  'data_key_insert',
  `INSERT INTO data_keys (organization_id, id, wrapped, created_at) VALUES ($1, $2, $3, $4)
   ON CONFLICT (organization_id, id) DO NOTHING`,
);

export const findSealedVersionSql = statement<{ data_key_id: number; sealed: Buffer }>(
  'secret_version_find_sealed',
  `SELECT data_key_id, sealed FROM secret_versions WHERE organization_id = $1 AND secret_id = $2 AND number = $3`,
);
