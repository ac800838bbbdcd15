import type { KeyView } from '../../client/wire.types.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';

/** `tow keys list` */
export const keysList = listCommand<KeyView>({
  calls: ['GET /v1/keys'],
  address: () => Promise.resolve('/v1/keys'),
  columns: {
    ID: (key) => key.id,
    NAME: (key) => key.name,
    ROLE: (key) => key.role,
    KEY: (key) => `${key.preview}…`,
    PROJECT: (key) => key.projectId,
    EXPIRES: (key) => shortTime(key.expiresAt),
    REVOKED: (key) => shortTime(key.revokedAt),
    'LAST USED': (key) => shortTime(key.lastUsedAt),
  },
  nothing: 'No key.',
});
