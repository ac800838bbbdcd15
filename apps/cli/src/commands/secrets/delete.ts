import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import { confirmed } from '../../prompt.js';

/** `tow secrets delete NAME` */
export const secretsDelete = defineCommand<[string], { yes?: boolean }>({
  calls: ['DELETE /v1/projects/{project}/secrets/{secret}'],
  declare(command) {
    command.argument('<name>', 'the secret').option('--yes', 'do not ask');
  },
  async run(tow, [name], { yes }) {
    const address = (await tow.projectPath()) + path`/secrets/${name}`;
    if (yes !== true && !(await confirmed(tow, `Delete secret ${name} with all its versions?`))) {
      tow.out.talk('Nothing was deleted.');
      return 1;
    }
    await (await tow.client()).delete<unknown>(address);
    tow.out.talk(`Deleted secret ${name}.`);
    if (tow.out.json) tow.out.value({ deleted: name });
    return undefined;
  },
});
