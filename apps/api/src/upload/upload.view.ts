import type { Upload } from '#libs/domain';
import { z } from 'zod';
import { iso } from '../call/scalars.js';
import { projectRef } from '../project/project.view.js';

export const uploadView = z
  .object({ id: z.string(), project: projectRef, digest: z.string(), size: z.int(), createdAt: z.string() })
  .meta({ id: 'Upload', description: 'A packed source folder.' });

export function showUpload(upload: Upload, handle: string): z.infer<typeof uploadView> {
  const { id, projectId, digest, size, createdAt } = upload;
  return { id, project: { id: projectId, handle }, digest, size, createdAt: iso(createdAt) };
}
