import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SteppedClock } from '#libs/testing';
import type { SignedInView } from '../client/wire.types.js';
import { readConfig, writeConfig, type StoredSession } from '../config/config.file.js';
import { changeConfig } from '../config/config.lock.js';
import type { Io } from '../io.js';
import { SessionTokens } from './session.tokens.js';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const at = (ms: number): string => new Date(NOW + ms).toISOString();

let folder: string;
let clock: SteppedClock;
let io: Io;
let keys = 0;
let refreshed: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tow-session-'));
  clock = new SteppedClock(NOW);
  refreshed = [];
  io = {
    env: { TOW_CONFIG: join(folder, 'config.json') },
    home: folder,
    clock,
    newKey: () => String((keys += 1)),
    sleep: () => new Promise((resolve) => setImmediate(resolve)),
    signal: new AbortController().signal,
  } as unknown as Io;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const session = (number: number, endsIn: number): StoredSession => ({
  accessToken: `access-${number}`,
  accessExpiresAt: at(endsIn),
  refreshToken: `refresh-${number}`,
  email: 'ann@example.com',
  organization: { id: 'org_1', name: 'Acme' },
});

/** Answers as the API does: the next tokens, 10 minutes long. */
function refresh(refreshToken: string): Promise<SignedInView> {
  refreshed.push(refreshToken);
  const next = session(Number(refreshToken.slice(8)) + 1, clock.now() - NOW + 600_000);
  const { email, organization, ...tokens } = next;
  return Promise.resolve({
    ...tokens,
    refreshExpiresAt: at(1e9),
    sessionId: 'ses_1',
    user: { id: 'usr_1', email },
    organization: { ...organization, role: 'viewer' },
    organizations: [],
  });
}

async function kept(first: StoredSession): Promise<() => SessionTokens> {
  await writeConfig(io, { current: 'here', contexts: { here: { url: 'http://x', session: first } } });
  return () => new SessionTokens(io, 'here', first, refresh);
}

describe('the tokens of a session', () => {
  it.each<[string, number, string, string[]]>([
    ['are used while they last', 31_000, 'access-0', []],
    ['are renewed shortly before they end', 29_000, 'access-1', ['refresh-0']],
    ['are renewed when they have ended', -1, 'access-1', ['refresh-0']],
  ])('%s', async (_what, endsIn, token, asked) => {
    const tokens = (await kept(session(0, endsIn)))();
    expect([await tokens.access(), await tokens.access()]).toEqual([token, token]);
    expect(refreshed).toEqual(asked);
    const file = await readConfig(io);
    expect(file.contexts['here']?.session?.accessToken).toBe(token);
    expect((await stat(join(folder, 'config.json'))).mode & 0o777).toBe(0o600);
  });

  it('are renewed once by many at once, each of its own process', async () => {
    const make = await kept(session(0, -1));
    const answers = await Promise.all(Array.from({ length: 10 }, () => make().access()));
    expect(new Set(answers)).toEqual(new Set(['access-1']));
    expect(refreshed).toEqual(['refresh-0']);
  });

  it('are renewed also when they look fresh but were refused', async () => {
    const tokens = (await kept(session(0, 600_000)))();
    expect(await tokens.renew()).toBe('access-1');
    expect(await tokens.access()).toBe('access-1');
  });

  it('leave file and lock as they were when the session is over', async () => {
    await kept(session(0, -1));
    const before = await readFile(join(folder, 'config.json'), 'utf8');
    const over = (): Promise<never> => Promise.reject(new Error('over'));
    const tokens = new SessionTokens(io, 'here', session(0, -1), over);
    await expect(tokens.access()).rejects.toThrow('over');
    await expect(tokens.access()).rejects.toThrow('over');
    expect(await readFile(join(folder, 'config.json'), 'utf8')).toBe(before);
    await expect(stat(join(folder, 'config.json.lock'))).rejects.toThrow('ENOENT');
  });
});

describe('the lock of the config', () => {
  const lock = (): string => join(folder, 'config.json.lock');

  it('of somebody who died is taken over after a minute', async () => {
    await writeFile(lock(), '');
    await utimes(lock(), new Date(NOW - 61_000), new Date(NOW - 61_000));
    await changeConfig(io, () => Promise.resolve({ config: { contexts: {} }, result: undefined }));
    expect(await readConfig(io)).toEqual({ contexts: {} });
  });

  it('of somebody who lives is waited for, and then said so', async () => {
    await writeFile(lock(), '');
    await utimes(lock(), new Date(NOW), new Date(NOW));
    const change = changeConfig(io, () => Promise.resolve({ result: 'never' }));
    await expect(change).rejects.toThrow('Another tow holds');
    expect((await stat(lock())).size).toBe(0);
  });

  it('keeps all of many changes at once', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        changeConfig(io, ({ contexts }) => {
          const one = { url: 'http://x', key: `tow_${n}` };
          return Promise.resolve({ config: { contexts: { ...contexts, [`c${n}`]: one } }, result: n });
        }),
      ),
    );
    expect(Object.keys((await readConfig(io)).contexts)).toHaveLength(20);
  });
});
