import type { Project } from '#libs/domain';
import { z } from 'zod';
import { iso } from '../call/scalars.js';

export const projectView = z
  .object({
    id: z.string(),
    name: z.string(),
    handle: z
      .string()
      .describe('Part of the URLs of its services; unique in the installation, never reused.'),
    createdAt: z.string(),
    version: z.string(),
  })
  .meta({ id: 'Project', description: 'What services live in.' });

export const projectRef = z.object({ id: z.string(), handle: z.string() }).meta({ id: 'ProjectRef' });

export function showProject(project: Project): z.infer<typeof projectView> {
  const { id, name, handle, createdAt, version } = project;
  return { id, name, handle, createdAt: iso(createdAt), version: String(version) };
}
