import { defineCommand } from '../command.js';
import { changeConfig } from '../config/config.lock.js';
import { CliError } from '../exit.js';
import type { Tow } from '../tow.js';

/** `tow logout`: ends the session and forgets the context; a key stays valid until `tow keys revoke`. */
export const logout = defineCommand<[], object>({
  calls: ['DELETE /v1/sessions/{session}'],
  declare() {
    // It has no flags of its own.
  },
  async run(tow) {
    const { context, session } = await tow.context();
    const ended = session !== undefined && (await endSession(tow));
    await changeConfig(tow.io, ({ current, contexts }) => {
      const rest = Object.fromEntries(Object.entries(contexts).filter(([name]) => name !== context));
      const kept = current === undefined || current === context ? {} : { current };
      return Promise.resolve({ config: { ...kept, contexts: rest }, result: undefined });
    });
    tow.out.talk(
      `Forgot context ${context}.${session ? '' : ' A key stays valid: tow keys revoke ID ends it.'}`,
    );
    if (tow.out.json) tow.out.value({ context, sessionEnded: ended });
    return undefined;
  },
});

/** A session that is over already needs no end. */
async function endSession(tow: Tow): Promise<boolean> {
  try {
    await (await tow.client()).delete<unknown>('/v1/sessions/current');
    return true;
  } catch (error) {
    if (error instanceof CliError && error.code === 'UNAUTHENTICATED') return false;
    throw error;
  }
}
