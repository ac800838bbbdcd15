import { defineCommand } from '../../command.js';
import type { SignedInView } from '../../client/wire.types.js';
import { changeConfig } from '../../config/config.lock.js';
import { usageError } from '../../exit.js';
import { storedSession } from '../../session/session.tokens.js';

/** `tow orgs switch [ID]`: acts in another organization of the signed-in person; without an ID it lists them. */
export const orgsSwitch = defineCommand<[string | undefined], object>({
  calls: ['POST /v1/sessions/refresh'],
  declare(command) {
    command.argument('[id]', 'the organization; without it your organizations are listed');
  },
  async run(tow, [organization]) {
    const { context, url, session } = await tow.context();
    if (session === undefined) {
      throw usageError('A key acts in one organization only.', `Sign in: tow login ${url} --email EMAIL`);
    }
    const client = tow.clientOf({ context, url });
    const signedIn = await changeConfig(tow.io, async (config) => {
      const known = config.contexts[context];
      const { refreshToken } = known?.session ?? session;
      const result = await client.post<SignedInView>('/v1/sessions/refresh', { refreshToken, organization });
      if (!known) return { result };
      // A project of one organization is none of another.
      const { project: _former, ...rest } = known;
      const kept = organization === undefined ? known : rest;
      const contexts = { ...config.contexts, [context]: { ...kept, session: storedSession(result) } };
      return { config: { ...config, contexts }, result };
    });
    const { organization: at, organizations } = signedIn;
    tow.out.list(
      organizations.map((one) => ({ ...one, current: one.id === at.id })),
      {
        CURRENT: (one) => (one.current ? '*' : ' '),
        ID: (one) => one.id,
        NAME: (one) => one.name,
        ROLE: (one) => one.role,
      },
      'No organization.',
    );
    return undefined;
  },
});
