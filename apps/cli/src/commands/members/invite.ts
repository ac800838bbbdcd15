import { Option } from 'commander';
import { ROLES, type Role } from '#libs/domain';
import { defineCommand } from '../../command.js';
import type { InvitationView } from '../../client/wire.types.js';

interface InviteFlags {
  role: Role;
  platformOperator?: boolean;
}

/** `tow members invite EMAIL --role ROLE`: prints the link, once. No mail is sent. */
export const membersInvite = defineCommand<[string], InviteFlags>({
  calls: ['POST /v1/invitations'],
  declare(command) {
    command
      .argument('<email>', 'address of the person')
      .addOption(new Option('--role <role>', 'what the person may do').choices(ROLES).makeOptionMandatory())
      .option('--platform-operator', 'the person may also do the work of the platform');
  },
  async run(tow, [email], { role, platformOperator }) {
    const client = await tow.client();
    const body = { email, role, platformOperator };
    const made = await client.post<InvitationView & { link: string; token: string }>('/v1/invitations', body);
    tow.out.talk(
      `Invited ${made.email} as ${made.role} until ${made.expiresAt}. Hand this over; it is shown this once:`,
    );
    tow.out.line(made, `tow accept ${made.link}`);
    return undefined;
  },
});
