import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { SecretView } from '../../client/wire.types.js';
import { fieldsOf, tableOf } from '../../output/table.js';

/** `tow secrets describe NAME`: its versions, never a value. */
export const secretsDescribe = defineCommand<[string], object>({
  calls: ['GET /v1/projects/{project}/secrets/{secret}'],
  declare(command) {
    command.argument('<name>', 'the secret');
  },
  async run(tow, [name]) {
    const address = (await tow.projectPath()) + path`/secrets/${name}`;
    const secret = await (await tow.client()).get<SecretView>(address);
    if (tow.out.json) {
      tow.out.value(secret);
      return undefined;
    }
    tow.out.lines([
      ...fieldsOf({ Secret: secret.name, Id: secret.id, Created: secret.createdAt }),
      '',
      ...tableOf(secret.versions, { VERSION: (one) => one.number, CREATED: (one) => one.createdAt }),
    ]);
    return undefined;
  },
});
