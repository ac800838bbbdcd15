import type { Upload } from '#libs/domain';
import { statement } from './statement.js';

export interface UploadRow {
  id: Upload['id'];
  organization_id: Upload['organizationId'];
  project_id: Upload['projectId'];
  digest: Upload['digest'];
  size: number;
  created_at: Date;
}

const COLUMNS = 'id, organization_id, project_id, digest, size, created_at';

export const insertUploadSql = statement<UploadRow>(
  'upload_insert',
  `INSERT INTO uploads (id, organization_id, project_id, digest, size, created_at)
   VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`,
);

export const findUploadSql = statement<UploadRow>(
  'upload_find',
  `SELECT ${COLUMNS} FROM uploads WHERE organization_id = $1 AND id = $2`,
);
