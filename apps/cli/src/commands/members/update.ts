import { Option } from 'commander';
import { ROLES, type Role } from '#libs/domain';
import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { MemberView } from '../../client/wire.types.js';

/** `tow members update MEMBER --role ROLE` */
export const membersUpdate = defineCommand<[string], { role: Role }>({
  calls: ['PATCH /v1/members/{member}'],
  declare(command) {
    command
      .argument('<member>', 'id or e-mail address')
      .addOption(new Option('--role <role>', 'what the person may do').choices(ROLES).makeOptionMandatory());
  },
  async run(tow, [member], { role }) {
    const changed = await (await tow.client()).patch<MemberView>(path`/v1/members/${member}`, { role });
    tow.out.line(changed, `${changed.email} is ${changed.role}`);
    return undefined;
  },
});
