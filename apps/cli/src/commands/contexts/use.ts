import { defineCommand } from '../../command.js';
import { readConfig, writeConfig } from '../../config/config.file.js';
import { CliError } from '../../exit.js';

/** `tow contexts use NAME`; with `--project` also sets the context's project. */
export const contextsUse = defineCommand<[string], object>({
  calls: [],
  declare(command) {
    command.argument('<name>', 'the context').addHelpText('after', '\n--project is kept with the context.');
  },
  async run(tow, [name]) {
    const { contexts } = await readConfig(tow.io);
    const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
    if (context === undefined) {
      throw new CliError('NOT_FOUND', `There is no context "${name}".`, {
        nextStep: 'See them with: tow contexts list',
      });
    }
    const { project } = tow.globals;
    const kept = project === undefined ? context : { ...context, project };
    await writeConfig(tow.io, { current: name, contexts: { ...contexts, [name]: kept } });
    tow.out.line({ current: name, url: kept.url, project: kept.project }, name);
    return undefined;
  },
});
