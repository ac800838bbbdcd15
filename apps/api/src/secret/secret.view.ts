import type { Secret } from '#libs/domain';
import { z } from 'zod';
import { iso } from '../call/scalars.js';

export const secretView = z
  .object({
    id: z.string(),
    name: z.string(),
    versions: z.array(z.object({ number: z.int(), createdAt: z.string() }).meta({ id: 'SecretVersion' })),
    createdAt: z.string(),
    version: z.string(),
  })
  .meta({ id: 'Secret', description: 'A named, versioned value that is never shown.' });

export function showSecret(secret: Secret): z.infer<typeof secretView> {
  const { id, name, versions, createdAt, version } = secret;
  return {
    id,
    name,
    versions: versions.map((one) => ({ number: one.number, createdAt: iso(one.createdAt) })),
    createdAt: iso(createdAt),
    version: String(version),
  };
}
