import type { SignedInView } from '../client/wire.types.js';
import { configPath, type Context } from '../config/config.file.js';
import { changeConfig } from '../config/config.lock.js';
import type { Tow } from '../tow.js';
import { storedSession } from './session.tokens.js';

/** Keeps a context in the config file and makes it the current one. */
export function keepContext(tow: Tow, name: string, context: Context): Promise<void> {
  const project = tow.globals.project === undefined ? {} : { project: tow.globals.project };
  return changeConfig(tow.io, ({ contexts }) =>
    Promise.resolve({
      config: { current: name, contexts: { ...contexts, [name]: { ...context, ...project } } },
      result: undefined,
    }),
  );
}

/** Keeps a sign-in as the current context and says so. */
export async function keepSession(
  tow: Tow,
  place: { name: string; url: string },
  signedIn: SignedInView,
): Promise<void> {
  const { name, url } = place;
  await keepContext(tow, name, { url, session: storedSession(signedIn) });
  const { user, organization, organizations } = signedIn;
  const others = organizations.length - 1;
  const more = others === 0 ? '' : ` You are in ${others} more: tow orgs switch.`;
  tow.out.talk(
    `Signed in to ${url} as ${user.email}, ${organization.role} of ${organization.name}; context ${name} is the current one.${more}`,
  );
  tow.out.line({ context: name, url, user, organization, organizations, file: configPath(tow.io) }, name);
}
