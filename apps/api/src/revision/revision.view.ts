import type { Revision } from '#libs/domain';
import { z } from 'zod';
import { iso } from '../call/scalars.js';
import { conditionView, containerFields, showCondition, showPinnedEntry } from '../service/service.view.js';

const pinnedSecretView = z.object({ id: z.string(), version: z.int() }).meta({ id: 'PinnedSecret' });

export const revisionView = z
  .object({
    id: z.string(),
    name: z.string(),
    number: z.int(),
    spec: z
      .object({
        image: z.string().optional().describe('The reference that was resolved to the digest.'),
        imageDigest: z.string(),
        pullSecret: pinnedSecretView.optional(),
        env: z.array(
          z
            .object({
              name: z.string(),
              value: z.string().optional(),
              secret: pinnedSecretView.optional(),
            })
            .meta({ id: 'PinnedEnvEntry' }),
        ),
        files: z
          .array(z.object({ path: z.string(), secret: pinnedSecretView }).meta({ id: 'PinnedSecretFile' }))
          .optional(),
        ...containerFields,
      })
      .meta({ id: 'RevisionSpec' }),
    status: z
      .object({ conditions: z.array(conditionView), instances: z.int() })
      .meta({ id: 'RevisionStatus' }),
    createdAt: z.string(),
  })
  .meta({
    id: 'Revision',
    description: "Immutable snapshot of a service's template, its image pinned by digest.",
  });

export type RevisionView = z.infer<typeof revisionView>;

export function showRevision(revision: Revision): RevisionView {
  const { id, name, number, spec, status, createdAt } = revision;
  return {
    id,
    name,
    number,
    spec: { ...spec, env: spec.env.map(showPinnedEntry) },
    status: { instances: status.instances, conditions: status.conditions.map(showCondition) },
    createdAt: iso(createdAt),
  };
}
