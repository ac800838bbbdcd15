import { defineCommand } from '../command.js';
import type { NewDeviceView, PolledDeviceView, SignedInView, WhoamiView } from '../client/wire.types.js';
import { configPath } from '../config/config.file.js';
import { normalUrl } from '../config/url.js';
import { CliError, usageError } from '../exit.js';
import { secretText } from '../prompt.js';
import { keepContext, keepSession } from '../session/keep.js';
import { declarePasswordFlag, passwordText, type PasswordFlags } from '../session/password.js';
import type { Tow } from '../tow.js';

interface LoginFlags extends PasswordFlags {
  email?: string;
  device?: boolean;
  organization?: string;
  key?: string;
  keyFile?: string;
  name?: string;
}

/** The context that a login makes. */
interface Place {
  name: string;
  url: string;
}

/** `tow login URL`: as a person (e-mail, or by a device where one is signed in), or with an API key. */
export const login = defineCommand<[string], LoginFlags>({
  calls: ['GET /v1/whoami', 'POST /v1/sessions', 'POST /v1/devices', 'POST /v1/devices/poll'],
  declare(command) {
    command
      .argument('<url>', 'address of the API')
      .option('--email <address>', 'sign in as this person')
      .option('--organization <id>', 'with --email: act in this one of your organizations')
      .option('--device', 'show a code that you approve where you are signed in: tow approve CODE');
    declarePasswordFlag(command, 'the password');
    command
      .option('--key <key>', 'the API key (other programs can see it while tow runs; better --key-file)')
      .option(
        '--key-file <file>',
        'a file with the key, - for stdin; default TOW_API_KEY or a hidden question',
      )
      .option('--name <name>', 'name of the context (default: host and port)');
  },
  async run(tow, [address], flags) {
    const url = normalUrl(address);
    const place = { name: flags.name ?? new URL(url).host, url };
    if (flags.email !== undefined) await keepSession(tow, place, await byEmail(tow, place, flags));
    else if (flags.device) await keepSession(tow, place, await byDevice(tow, place));
    else await byKey(tow, place, flags);
    return undefined;
  },
});

async function byEmail(tow: Tow, place: Place, flags: LoginFlags): Promise<SignedInView> {
  const password = await passwordText(tow, flags, { what: 'Password' });
  const { email, organization } = flags;
  return tow
    .clientOf({ context: place.name, url: place.url })
    .postOnce('/v1/sessions', { email, password, organization });
}

/** RFC 8628: the device shows a code and asks until a person has decided. */
async function byDevice(tow: Tow, place: Place): Promise<SignedInView> {
  const client = tow.clientOf({ context: place.name, url: place.url });
  const device = await client.postOnce<NewDeviceView>('/v1/devices', {});
  tow.out.talk(`Where you are signed in, type:  tow approve ${device.userCode}`);
  tow.out.talk(`The code is good until ${device.expiresAt}.`);
  const { deviceCode } = device;
  let { intervalSeconds } = device;
  for (;;) {
    await tow.progress.waiting('waiting for approval', () =>
      tow.io.sleep(intervalSeconds * 1000, tow.io.signal),
    );
    const polled = await client.postOnce<PolledDeviceView>('/v1/devices/poll', { deviceCode });
    if (polled.session) return polled.session;
    if (polled.status === 'denied') throw new CliError('PERMISSION_DENIED', 'The sign-in was refused.');
    if (polled.status === 'expired') {
      throw new CliError('DEADLINE_EXCEEDED', 'The code was not approved in time.', {
        nextStep: 'Start again.',
      });
    }
    intervalSeconds = polled.intervalSeconds ?? intervalSeconds;
  }
}

async function byKey(tow: Tow, place: Place, flags: LoginFlags): Promise<void> {
  const { name, url } = place;
  const key = await keyOf(tow, flags);
  const who = await tow.clientOf({ context: name, url, key }).get<WhoamiView>('/v1/whoami');
  await keepContext(tow, name, { url, key });
  tow.out.talk(
    `Logged in to ${url} as ${who.actor.role} of ${who.organization.name}; context ${name} is the current one.`,
  );
  tow.out.line({ context: name, url, organization: who.organization, file: configPath(tow.io) }, name);
}

async function keyOf(tow: Tow, flags: LoginFlags): Promise<string> {
  const fromEnv = flags.keyFile === undefined ? tow.io.env['TOW_API_KEY'] : undefined;
  const key =
    flags.key ??
    fromEnv ??
    (await secretText(tow, { file: flags.keyFile, flag: '--key-file', what: 'API key' }));
  if (/^\S+$/.test(key.trim())) return key.trim();
  throw usageError('That is not an API key.', 'A key begins with tow_ and has no spaces.');
}
