import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';

/** `tow keys revoke ID`: the key stops everywhere within 5 s. */
export const keysRevoke = defineCommand<[string], object>({
  calls: ['DELETE /v1/keys/{key}'],
  declare(command) {
    command.argument('<id>', 'the key');
  },
  async run(tow, [id]) {
    await (await tow.client()).delete<unknown>(path`/v1/keys/${id}`);
    tow.out.talk(`Revoked ${id}; it stops everywhere within 5 s.`);
    if (tow.out.json) tow.out.value({ revoked: id });
    return undefined;
  },
});
