import type { SecretView } from '../../client/wire.types.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';

/** `tow secrets list`: names and versions, never values. */
export const secretsList = listCommand<SecretView>({
  calls: ['GET /v1/projects/{project}/secrets'],
  address: async (tow) => `${await tow.projectPath()}/secrets`,
  columns: {
    NAME: (secret) => secret.name,
    LATEST: (secret) => secret.versions.at(-1)?.number,
    VERSIONS: (secret) => secret.versions.length,
    CREATED: (secret) => shortTime(secret.createdAt),
  },
  nothing: 'No secret yet. Make one: tow secrets create NAME --value-file FILE',
});
