import type { Upload } from '#libs/domain';
import { ms, time } from './row.js';
import type { Tx } from './statement.js';
import { findUploadSql, insertUploadSql, type UploadRow } from './upload.sql.js';

/** The blob itself must be stored before (FolderBlobs). */
export async function insertUpload(tx: Tx, upload: Upload): Promise<Upload> {
  const { id, organizationId, projectId, digest, size, createdAt } = upload;
  const row = await tx.one(insertUploadSql, [id, organizationId, projectId, digest, size, time(createdAt)]);
  return toUpload(row as UploadRow);
}

export async function findUpload(tx: Tx, organizationId: string, id: string): Promise<Upload | undefined> {
  const row = await tx.one(findUploadSql, [organizationId, id]);
  return row && toUpload(row);
}

function toUpload(row: UploadRow): Upload {
  const { id, digest, size } = row;
  return {
    id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    digest,
    size,
    createdAt: ms(row.created_at),
  };
}
