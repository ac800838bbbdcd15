import { defineCommand } from '../../command.js';
import { readConfig, writeConfig } from '../../config/config.file.js';
import { CliError } from '../../exit.js';

/** `tow contexts delete NAME`: forgets the key here; it stays valid until `tow keys revoke`. */
export const contextsDelete = defineCommand<[string], object>({
  calls: [],
  declare(command) {
    command.argument('<name>', 'the context');
  },
  async run(tow, [name]) {
    const { current, contexts } = await readConfig(tow.io);
    if (!Object.hasOwn(contexts, name)) {
      throw new CliError('NOT_FOUND', `There is no context "${name}".`, {
        nextStep: 'See them with: tow contexts list',
      });
    }
    const rest = Object.fromEntries(Object.entries(contexts).filter(([other]) => other !== name));
    const kept = current === undefined || current === name ? {} : { current };
    await writeConfig(tow.io, { ...kept, contexts: rest });
    tow.out.talk(`Forgot context ${name}. Its key is still valid; end it with: tow keys revoke ID`);
    if (tow.out.json) tow.out.value({ deleted: name });
    return undefined;
  },
});
