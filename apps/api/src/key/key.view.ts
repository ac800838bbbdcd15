import { ROLES, type ApiKey } from '#libs/domain';
import { z } from 'zod';
import { iso, isoIf } from '../call/scalars.js';

export const roleSchema = z.enum(ROLES).meta({ id: 'Role' });

const keyFields = {
  id: z.string(),
  name: z.string(),
  role: roleSchema,
  projectId: z.string().optional(),
  platformOperator: z.boolean(),
  preview: z.string().describe('The first characters, to recognize the key by.'),
  createdAt: z.string(),
  expiresAt: z.string().optional(),
  revokedAt: z.string().optional(),
  lastUsedAt: z.string().optional(),
};

export const keyView = z
  .object(keyFields)
  .meta({ id: 'ApiKey', description: 'An API key without its text.' });

export const newKeyView = z
  .object({ ...keyFields, secret: z.string().describe('The text of the key. It is shown this once.') })
  .meta({ id: 'NewApiKey' });

export type NewKeyView = z.infer<typeof newKeyView>;

export function showKey(key: ApiKey): z.infer<typeof keyView> {
  const { id, name, role, projectId, platformOperator, preview, createdAt } = key;
  return {
    id,
    name,
    role,
    platformOperator,
    preview,
    createdAt: iso(createdAt),
    ...(projectId === undefined ? {} : { projectId }),
    ...isoIf('expiresAt', key.expiresAt),
    ...isoIf('revokedAt', key.revokedAt),
    ...isoIf('lastUsedAt', key.lastUsedAt),
  };
}
