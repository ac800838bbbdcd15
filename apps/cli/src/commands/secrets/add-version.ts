import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { SecretView } from '../../client/wire.types.js';
import { declareValueFlag, secretValue, type ValueFlags } from '../../secret/value.js';

/** `tow secrets add-version NAME`: prints the new version's number. */
export const secretsAddVersion = defineCommand<[string], ValueFlags>({
  calls: ['POST /v1/projects/{project}/secrets/{secret}/versions'],
  declare(command) {
    declareValueFlag(command.argument('<name>', 'the secret'));
  },
  async run(tow, [name], flags) {
    const address = (await tow.projectPath()) + path`/secrets/${name}/versions`;
    const value = await secretValue(tow, flags);
    const secret = await (await tow.client()).post<SecretView>(address, { value });
    tow.out.talk(
      'Running revisions keep the version they were made with; deploy or update to use the new one.',
    );
    tow.out.line(secret, String(secret.versions.at(-1)?.number ?? ''));
    return undefined;
  },
});
