import { RUNTIME_TIERS } from '#libs/domain';
import type { Revision } from '#libs/domain';
import { z } from 'zod';
import { iso } from '../call/scalars.js';
import {
  WHOLE,
  conditionView,
  containerFields,
  showCondition,
  showPinnedEntry,
  sidecarFields,
} from '../service/service.view.js';

const pinnedSecretView = z.object({ id: z.string(), version: z.int() }).meta({ id: 'PinnedSecret' });

const pinnedEnvEntryView = z
  .object({ name: z.string(), value: z.string().optional(), secret: pinnedSecretView.optional() })
  .meta({ id: 'PinnedEnvEntry' });

const pinnedFilesView = z
  .array(z.object({ path: z.string(), secret: pinnedSecretView }).meta({ id: 'PinnedSecretFile' }))
  .optional();

const pinnedSidecarView = z
  .object({
    ...sidecarFields,
    imageDigest: z.string(),
    pullSecret: pinnedSecretView.optional(),
    env: z.array(pinnedEnvEntryView),
    files: pinnedFilesView,
  })
  .meta({ id: 'PinnedSidecar' });

export const revisionView = z
  .object({
    id: z.string(),
    name: z.string(),
    number: z.int(),
    spec: z
      .object({
        image: z.string().optional().describe('The reference that was resolved to the digest.'),
        imageDigest: z.string(),
        runtimeTier: z
          .enum(RUNTIME_TIERS)
          .meta({ id: 'RuntimeTier' })
          .optional()
          .describe('What its instances run under, by the price plan.'),
        pullSecret: pinnedSecretView.optional(),
        env: z.array(pinnedEnvEntryView),
        files: pinnedFilesView,
        ...containerFields,
        sidecars: z.array(pinnedSidecarView).meta(WHOLE).optional(),
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
  const { id, name, number, status, createdAt } = revision;
  const { sidecars, ...spec } = revision.spec;
  return {
    id,
    name,
    number,
    spec: {
      ...spec,
      env: spec.env.map(showPinnedEntry),
      ...(sidecars
        ? { sidecars: sidecars.map((one) => ({ ...one, env: one.env.map(showPinnedEntry) })) }
        : {}),
    },
    status: { instances: status.instances, conditions: status.conditions.map(showCondition) },
    createdAt: iso(createdAt),
  };
}
