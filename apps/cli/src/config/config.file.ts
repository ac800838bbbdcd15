import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CliError } from '../exit.js';
import type { Io } from '../io.js';

/** A person's sign-in as it is kept on this machine. */
export interface StoredSession {
  accessToken: string;
  /** RFC 3339. */
  accessExpiresAt: string;
  refreshToken: string;
  email: string;
  organization: { id: string; name: string };
}

/** One API with a key or a session for it. */
export interface Context {
  url: string;
  key?: string;
  session?: StoredSession;
  project?: string;
}

/** What the config file holds. */
export interface Config {
  current?: string;
  contexts: Record<string, Context>;
}

/** $TOW_CONFIG, else $XDG_CONFIG_HOME/towpath/config.json, else ~/.config/towpath/config.json. */
export function configPath(io: Pick<Io, 'env' | 'home'>): string {
  const own = io.env['TOW_CONFIG'];
  if (own !== undefined && own !== '') return own;
  const xdg = io.env['XDG_CONFIG_HOME'];
  const base = xdg !== undefined && xdg !== '' ? xdg : join(io.home, '.config');
  return join(base, 'towpath', 'config.json');
}

/** Reads the file; a missing one is an empty config. */
export async function readConfig(io: Pick<Io, 'env' | 'home'>): Promise<Config> {
  const file = configPath(io);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new CliError(
      'FAILED_PRECONDITION',
      `The config file ${file} cannot be read (${error.code ?? 'error'}).`,
    );
  });
  if (text === undefined) return { contexts: {} };
  const config = parse(text);
  if (config !== undefined) return config;
  throw new CliError('FAILED_PRECONDITION', `The config file ${file} is not what tow writes.`, {
    nextStep: 'Move it away and log in again: tow login URL',
  });
}

/** Writes the file whole, readable by its owner only. */
export async function writeConfig(io: Pick<Io, 'env' | 'home' | 'newKey'>, config: Config): Promise<void> {
  const file = configPath(io);
  const fresh = `${file}.${io.newKey()}`;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(fresh, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  await chmod(fresh, 0o600);
  await rename(fresh, file);
}

function parse(text: string): Config | undefined {
  try {
    const value = JSON.parse(text) as Partial<Config> | null;
    const contexts = Object.entries(value?.contexts ?? {});
    if (!contexts.every(([, one]) => isContext(one))) return undefined;
    const current = typeof value?.current === 'string' ? { current: value.current } : {};
    return { ...current, contexts: Object.fromEntries(contexts) };
  } catch {
    return undefined;
  }
}

function isContext(one: Partial<Context>): boolean {
  const texts = (values: unknown[]): boolean => values.every((value) => typeof value === 'string');
  const { session } = one;
  if (session === undefined) return texts([one.url, one.key]);
  return texts([one.url, session.accessToken, session.accessExpiresAt, session.refreshToken, session.email]);
}
