import { Option } from 'commander';
import { ROLES, type Role } from '#libs/domain';
import { defineCommand } from '../../command.js';
import type { KeyView } from '../../client/wire.types.js';
import { durationSeconds } from '../../flags/quantity.js';

interface KeyFlags {
  role: Role;
  expiresIn?: number;
}

/** `tow keys create NAME --role ROLE`: prints the key, once. With `--project` it reaches that project only. */
export const keysCreate = defineCommand<[string], KeyFlags>({
  calls: ['POST /v1/keys'],
  declare(command) {
    command
      .argument('<name>', 'what the key is for')
      .addOption(new Option('--role <role>', 'what it may do').choices(ROLES).makeOptionMandatory())
      .option(
        '--expires-in <time>',
        'valid for so long, e.g. 30d (default: until revoked)',
        durationSeconds('--expires-in'),
      )
      .addHelpText('after', '\nWith --project the key reaches that project only.');
  },
  async run(tow, [name], { role, expiresIn }) {
    const project = tow.globals.project;
    const expiresAt =
      expiresIn === undefined ? undefined : new Date(tow.io.clock.now() + expiresIn * 1000).toISOString();
    const body = { name, role, project, expiresAt };
    const key = await (await tow.client()).post<KeyView & { secret: string }>('/v1/keys', body);
    tow.out.talk(`Made key ${key.name} (${key.id}). It is shown this once:`);
    tow.out.line(key, key.secret);
    return undefined;
  },
});
