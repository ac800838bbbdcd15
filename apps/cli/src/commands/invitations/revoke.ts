import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';

/** `tow invitations revoke ID` */
export const invitationsRevoke = defineCommand<[string], object>({
  calls: ['DELETE /v1/invitations/{invitation}'],
  declare(command) {
    command.argument('<id>', 'the invitation');
  },
  async run(tow, [id]) {
    await (await tow.client()).delete<unknown>(path`/v1/invitations/${id}`);
    tow.out.talk(`Revoked ${id}.`);
    if (tow.out.json) tow.out.value({ revoked: id });
    return undefined;
  },
});
