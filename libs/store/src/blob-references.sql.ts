import type { Digest } from '#libs/domain';
import { statement } from './statement.js';

export interface ReferencesRow {
  sources: Digest[];
  images: Digest[];
}

/** Of one organization, also what only services that are gone refer to. */
export const ownBlobsSql = statement<ReferencesRow>(
  'blob_references_own',
  `SELECT ARRAY(SELECT digest FROM uploads WHERE organization_id = $1
       UNION SELECT upload_digest FROM builds WHERE organization_id = $1) AS sources,
     ARRAY(SELECT image_digest FROM builds WHERE organization_id = $1 AND image_digest IS NOT NULL
       UNION SELECT spec->>'imageDigest' FROM revisions WHERE organization_id = $1) AS images`,
);

/** Of every organization but one: sources of uploads that are there, images of services that are not gone. */
export const neededBlobsSql = statement<ReferencesRow>(
  'blob_references_needed',
  `SELECT ARRAY(SELECT DISTINCT digest FROM uploads WHERE organization_id <> $1) AS sources,
     ARRAY(SELECT b.image_digest FROM builds b
         JOIN services s ON s.organization_id = b.organization_id AND s.id = b.service_id AND s.removed_at IS NULL
         WHERE b.organization_id <> $1 AND b.image_digest IS NOT NULL
       UNION SELECT r.spec->>'imageDigest' FROM revisions r
         JOIN services s ON s.organization_id = r.organization_id AND s.id = r.service_id AND s.removed_at IS NULL
         WHERE r.organization_id <> $1) AS images`,
);
