import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { MemberView } from '../../client/wire.types.js';

/** `tow members remove MEMBER`: acts within 5 s. */
export const membersRemove = defineCommand<[string], object>({
  calls: ['DELETE /v1/members/{member}'],
  declare(command) {
    command.argument('<member>', 'id or e-mail address');
  },
  async run(tow, [member]) {
    const removed = await (await tow.client()).delete<MemberView>(path`/v1/members/${member}`);
    tow.out.talk(`Removed ${removed.email}. Keys this person made stay: tow keys list`);
    if (tow.out.json) tow.out.value(removed);
    return undefined;
  },
});
