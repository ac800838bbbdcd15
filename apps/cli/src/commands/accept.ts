import { defineCommand } from '../command.js';
import type { OwnMembershipView, SignedInView } from '../client/wire.types.js';
import { normalUrl } from '../config/url.js';
import { usageError } from '../exit.js';
import { keepSession } from '../session/keep.js';
import { declarePasswordFlag, passwordText, type PasswordFlags } from '../session/password.js';

interface AcceptFlags extends PasswordFlags {
  join?: boolean;
  name?: string;
}

/** `tow accept LINK`: becomes a member, with a new password or the one of one's account, and signs in. */
export const accept = defineCommand<[string], AcceptFlags>({
  calls: ['POST /v1/invitations/accept', 'POST /v1/invitations/join'],
  declare(command) {
    command.argument('<link>', 'the link of the invitation, as it was given to you');
    declarePasswordFlag(command, 'the password');
    command
      .option('--join', 'accept it as the person you are signed in as')
      .option('--name <name>', 'name of the context (default: host and port)');
  },
  async run(tow, [link], flags) {
    const { url, token } = parts(link);
    if (flags.join) {
      const joined = await (
        await tow.client()
      ).postOnce<{ organization: OwnMembershipView }>('/v1/invitations/join', { token });
      const { id, name, role } = joined.organization;
      tow.out.talk(`You are ${role} of ${name}. Act there with: tow orgs switch ${id}`);
      tow.out.line(joined, id);
      return undefined;
    }
    const what = 'Password (a new one of at least 12 characters, or yours if you have an account)';
    const password = await passwordText(tow, flags, { what, twice: true });
    const client = tow.clientOf({ context: url, url });
    const signedIn = await client.postOnce<SignedInView>('/v1/invitations/accept', { token, password });
    await keepSession(tow, { name: flags.name ?? new URL(url).host, url }, signedIn);
    return undefined;
  },
});

function parts(link: string): { url: string; token: string } {
  const [address = '', token] = link.split('#', 2);
  if (token === undefined || !token.startsWith('towi_')) {
    throw usageError('That is not the link of an invitation.', 'It looks like http://127.0.0.1:8080#towi_…');
  }
  return { url: normalUrl(address), token };
}
