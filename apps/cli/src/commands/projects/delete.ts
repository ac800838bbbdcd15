import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import { confirmed } from '../../prompt.js';

/** `tow projects delete PROJECT`: refused while it has services. */
export const projectsDelete = defineCommand<[string], { yes?: boolean }>({
  calls: ['DELETE /v1/projects/{project}'],
  declare(command) {
    command.argument('<project>', 'handle or id').option('--yes', 'do not ask');
  },
  async run(tow, [project], { yes }) {
    const client = await tow.client();
    if (
      yes !== true &&
      !(await confirmed(tow, `Delete project ${project}? Its handle is never given again.`))
    ) {
      tow.out.talk('Nothing was deleted.');
      return 1;
    }
    await client.delete<unknown>(path`/v1/projects/${project}`);
    tow.out.talk(`Deleted project ${project}.`);
    if (tow.out.json) tow.out.value({ deleted: project });
    return undefined;
  },
});
