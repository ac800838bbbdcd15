import { defineCommand } from '../command.js';
import type { WhoamiView } from '../client/wire.types.js';
import { configPath, readConfig, writeConfig } from '../config/config.file.js';
import { normalUrl } from '../config/url.js';
import { usageError } from '../exit.js';
import { secretText } from '../prompt.js';
import type { Tow } from '../tow.js';

interface LoginFlags {
  key?: string;
  keyFile?: string;
  name?: string;
}

/** `tow login URL`: tries the key, keeps both as a context, and makes it the current one. */
export const login = defineCommand<[string], LoginFlags>({
  calls: ['GET /v1/whoami'],
  declare(command) {
    command
      .argument('<url>', 'address of the API')
      .option('--key <key>', 'the API key (other programs can see it while tow runs; better --key-file)')
      .option(
        '--key-file <file>',
        'a file with the key, - for stdin; default TOW_API_KEY or a hidden question',
      )
      .option('--name <name>', 'name of the context (default: host and port)');
  },
  async run(tow, [address], flags) {
    const url = normalUrl(address);
    const name = flags.name ?? new URL(url).host;
    const key = await keyOf(tow, flags);
    const who = await tow.clientOf({ context: name, url, key }).get<WhoamiView>('/v1/whoami');
    const config = await readConfig(tow.io);
    const project = tow.globals.project === undefined ? {} : { project: tow.globals.project };
    const contexts = { ...config.contexts, [name]: { url, key, ...project } };
    await writeConfig(tow.io, { current: name, contexts });
    tow.out.talk(
      `Logged in to ${url} as ${who.actor.role} of ${who.organization.name}; context ${name} is the current one.`,
    );
    tow.out.line({ context: name, url, organization: who.organization, file: configPath(tow.io) }, name);
    return undefined;
  },
});

async function keyOf(tow: Tow, flags: LoginFlags): Promise<string> {
  const fromEnv = flags.keyFile === undefined ? tow.io.env['TOW_API_KEY'] : undefined;
  const key =
    flags.key ??
    fromEnv ??
    (await secretText(tow, { file: flags.keyFile, flag: '--key-file', what: 'API key' }));
  if (/^\S+$/.test(key.trim())) return key.trim();
  throw usageError('That is not an API key.', 'A key begins with tow_ and has no spaces.');
}
