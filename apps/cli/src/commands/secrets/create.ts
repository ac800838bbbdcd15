import { defineCommand } from '../../command.js';
import type { SecretView } from '../../client/wire.types.js';
import { declareValueFlag, secretValue, type ValueFlags } from '../../secret/value.js';

/** `tow secrets create NAME`: the value comes from a file, stdin or a hidden question. */
export const secretsCreate = defineCommand<[string], ValueFlags>({
  calls: ['POST /v1/projects/{project}/secrets'],
  declare(command) {
    declareValueFlag(command.argument('<name>', 'the secret'));
  },
  async run(tow, [name], flags) {
    const address = `${await tow.projectPath()}/secrets`;
    const value = await secretValue(tow, flags);
    const secret = await (await tow.client()).post<SecretView>(address, { name, value });
    tow.out.talk(`Made secret ${secret.name}. Use it: --set-secrets VARIABLE=${secret.name}:latest`);
    tow.out.line(secret, secret.name);
    return undefined;
  },
});
