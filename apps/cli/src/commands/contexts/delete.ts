import { defineCommand } from '../../command.js';
import { changeConfig } from '../../config/config.lock.js';
import { CliError } from '../../exit.js';

/** `tow contexts delete NAME`: forgets the credential here; it stays valid. */
export const contextsDelete = defineCommand<[string], object>({
  calls: [],
  declare(command) {
    command.argument('<name>', 'the context');
  },
  async run(tow, [name]) {
    const forgotten = await changeConfig(tow.io, ({ current, contexts }) => {
      const result = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
      const rest = Object.fromEntries(Object.entries(contexts).filter(([other]) => other !== name));
      const kept = current === undefined || current === name ? {} : { current };
      return Promise.resolve(result ? { config: { ...kept, contexts: rest }, result } : { result });
    });
    if (!forgotten) {
      throw new CliError('NOT_FOUND', `There is no context "${name}".`, {
        nextStep: 'See them with: tow contexts list',
      });
    }
    const end = forgotten.session ? 'tow sessions end ID' : 'tow keys revoke ID';
    tow.out.talk(`Forgot context ${name}. Its credential is still valid; end it with: ${end}`);
    if (tow.out.json) tow.out.value({ deleted: name });
    return undefined;
  },
});
