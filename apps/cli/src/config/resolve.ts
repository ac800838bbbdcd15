import type { Endpoint } from '../client/client.js';
import { CliError } from '../exit.js';
import type { Io } from '../io.js';
import { configPath, readConfig, type Config } from './config.file.js';
import { normalUrl } from './url.js';

/** The API to speak to, and the project when one was named for it. */
export interface Resolved extends Endpoint {
  project?: string | undefined;
}

/**
 * Which API and credential: `--context`, else TOW_API_URL / TOW_API_KEY / TOW_PROJECT, else the current context. What a
 * context holds is sent only to that context's own URL.
 */
export async function resolveContext(io: Io, chosen: string | undefined): Promise<Resolved> {
  const config = await readConfig(io);
  if (chosen !== undefined) return named(io, config, chosen);
  const url = env(io, 'TOW_API_URL');
  return url === undefined ? current(io, config) : fromEnvironment(io, config, normalUrl(url));
}

function named(io: Io, config: Config, name: string): Resolved {
  const context = Object.hasOwn(config.contexts, name) ? config.contexts[name] : undefined;
  if (context === undefined) {
    throw new CliError('NOT_FOUND', `There is no context "${name}" in ${configPath(io)}.`, {
      nextStep: 'See them with: tow contexts list',
    });
  }
  return { context: name, ...context, project: env(io, 'TOW_PROJECT') ?? context.project };
}

function current(io: Io, config: Config): Resolved {
  if (config.current === undefined || !Object.hasOwn(config.contexts, config.current)) {
    throw new CliError('UNAUTHENTICATED', `No context is chosen in ${configPath(io)}.`, {
      nextStep: 'Log in: tow login URL (or set TOW_API_URL and TOW_API_KEY)',
    });
  }
  return { ...named(io, config, config.current), ...keyFrom(io) };
}

function fromEnvironment(io: Io, config: Config, url: string): Resolved {
  const [name, same] = Object.entries(config.contexts).find(([, context]) => context.url === url) ?? [];
  return {
    context: name ?? 'TOW_API_URL',
    url,
    ...(same?.key === undefined ? {} : { key: same.key }),
    ...(same?.session === undefined ? {} : { session: same.session }),
    ...keyFrom(io),
    project: env(io, 'TOW_PROJECT') ?? same?.project,
  };
}

/** A key of the environment stands before what the context holds. */
function keyFrom(io: Io): Pick<Endpoint, 'key' | 'session'> {
  const key = env(io, 'TOW_API_KEY');
  return key === undefined ? {} : { key, session: undefined };
}

function env(io: Io, name: string): string | undefined {
  const value = io.env[name]?.trim();
  return value === '' ? undefined : value;
}
