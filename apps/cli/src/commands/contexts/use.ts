import { defineCommand } from '../../command.js';
import { changeConfig } from '../../config/config.lock.js';
import { CliError } from '../../exit.js';

/** `tow contexts use NAME`; with `--project` also sets the context's project. */
export const contextsUse = defineCommand<[string], object>({
  calls: [],
  declare(command) {
    command.argument('<name>', 'the context').addHelpText('after', '\n--project is kept with the context.');
  },
  async run(tow, [name]) {
    const { project } = tow.globals;
    const kept = await changeConfig(tow.io, ({ contexts }) => {
      const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
      const result = context && (project === undefined ? context : { ...context, project });
      const config = result && { current: name, contexts: { ...contexts, [name]: result } };
      return Promise.resolve({ result, ...(config ? { config } : {}) });
    });
    if (!kept) {
      throw new CliError('NOT_FOUND', `There is no context "${name}".`, {
        nextStep: 'See them with: tow contexts list',
      });
    }
    tow.out.line({ current: name, url: kept.url, project: kept.project }, name);
    return undefined;
  },
});
