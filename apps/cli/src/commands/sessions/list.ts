import { defineCommand } from '../../command.js';
import type { SessionView } from '../../client/wire.types.js';
import { shortTime } from '../../output/time.js';

/** `tow sessions list`: where you are signed in. */
export const sessionsList = defineCommand<[], object>({
  calls: ['GET /v1/sessions'],
  declare() {
    // It has no flags of its own.
  },
  async run(tow) {
    const { items } = await (await tow.client()).get<{ items: SessionView[] }>('/v1/sessions');
    tow.out.list(
      items,
      {
        CURRENT: (one) => (one.current ? '*' : ' '),
        ID: (one) => one.id,
        ORGANIZATION: (one) => one.organizationId,
        CLIENT: (one) => one.client,
        ADDRESS: (one) => one.address,
        'LAST USED': (one) => shortTime(one.lastUsedAt),
        ENDS: (one) => shortTime(one.expiresAt),
      },
      'No session.',
    );
    return undefined;
  },
});
