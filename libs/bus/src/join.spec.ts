import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createLogger } from '#libs/process';
import { Renewal, joinOrRestore } from './join.js';

const HALF_DAY = 12 * 3_600_000;
const START = Date.parse('2026-11-21T00:00:00Z');
const joined = (renewal: string, creds: string, expiresAt: number) => ({
  kind: 'gateway',
  id: 'gw_00000000000000000001',
  region: 'local',
  natsUrl: 'nats://127.0.0.1:1',
  creds,
  renewalToken: renewal,
  expiresAt: new Date(expiresAt).toISOString(),
});

describe('joining', () => {
  let server: Server;
  let dataDir: string;
  let url: string;
  let answers: { status: number; body?: unknown }[];
  let asked: { path: string; authorization: string | undefined; body: string }[];
  let now: number;
  const clock = { now: () => now };
  const logger = createLogger('test', 'silent');
  const options = () => ({
    url,
    dataDir,
    tokenFile: join(dataDir, 'token'),
    kind: 'gateway' as const,
    clock,
  });

  beforeEach(async () => {
    now = START;
    answers = [];
    asked = [];
    dataDir = await mkdtemp(join(tmpdir(), 'join-'));
    await writeFile(join(dataDir, 'token'), 'one-time\n');
    server = createServer((request, response) => {
      void text(request).then((body) => {
        asked.push({ path: request.url ?? '', authorization: request.headers.authorization, body });
        const answer = answers.shift() ?? { status: 500 };
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer.body ?? {}));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(dataDir, { recursive: true, force: true });
  });

  it('asks again with the same nonce when it was killed before it had kept the answer', async () => {
    const answer = { status: 200, body: joined('renew-1', 'creds-1', START + 2 * HALF_DAY) };
    answers = [answer, answer];
    // a folder in the place of the file: what a death before the rename looks like to the next start
    await mkdir(join(dataDir, 'membership.json.new'));
    await expect(joinOrRestore(options())).rejects.toThrow();
    await rm(join(dataDir, 'membership.json.new'), { recursive: true });
    await joinOrRestore(options());
    const nonces = asked.map(({ body }) => (JSON.parse(body) as { nonce: string }).nonce);
    expect(nonces[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(nonces[1]).toBe(nonces[0]);
    expect(await readdir(dataDir)).not.toContain('join.nonce');
  });

  it('joins once, past an identity that is not ready yet, and restores afterwards', async () => {
    answers = [{ status: 503 }, { status: 200, body: joined('renew-1', 'creds-1', START + 2 * HALF_DAY) }];
    const first = await joinOrRestore(options());
    expect(first).toMatchObject({ id: 'gw_00000000000000000001', creds: 'creds-1', obtainedAt: START });
    expect((await stat(join(dataDir, 'membership.json'))).mode & 0o777).toBe(0o600);
    await rm(join(dataDir, 'token'));
    expect(await joinOrRestore(options())).toEqual(first);
    expect(asked.map((a) => a.path)).toEqual(['/join', '/join', '/renew']);
  });

  it('learns at a restart where NATS is now, and gets fresh credentials', async () => {
    const moved = { natsUrl: 'nats://127.0.0.1:2', creds: 'creds-2' };
    answers = [
      { status: 200, body: joined('renew-1', 'creds-1', START + HALF_DAY) },
      { status: 200, body: { ...moved, expiresAt: new Date(START + 9 * HALF_DAY).toISOString() } },
      { status: 401 },
    ];
    await joinOrRestore(options());
    now = START + 7 * HALF_DAY;
    const restored = await joinOrRestore(options());
    expect(restored).toMatchObject({ ...moved, renewalToken: 'renew-1', obtainedAt: now });
    // a refusal leaves it as it was
    expect(await joinOrRestore(options())).toEqual(restored);
  });

  it('says what to do when the token is refused', async () => {
    answers = [{ status: 401 }];
    await expect(joinOrRestore(options())).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      nextStep: expect.stringContaining('join token') as string,
    });
  });

  it('refuses a folder of the other kind', async () => {
    answers = [{ status: 200, body: joined('r', 'c', START + HALF_DAY) }];
    await joinOrRestore(options());
    await expect(joinOrRestore({ ...options(), kind: 'agent' })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
  });

  it('renews after half of the life, not before, and keeps the newest on disk', async () => {
    answers = [
      { status: 200, body: joined('renew-1', 'creds-1', START + 2 * HALF_DAY) },
      { status: 200, body: { creds: 'creds-2', expiresAt: new Date(START + 3 * HALF_DAY).toISOString() } },
    ];
    const renewal = new Renewal(await joinOrRestore(options()), { url, dataDir, clock, logger });
    now = START + HALF_DAY - 1;
    await renewal.renewIfDue();
    expect(renewal.creds()).toBe('creds-1');
    now = START + HALF_DAY;
    await renewal.renewIfDue();
    expect(renewal.creds()).toBe('creds-2');
    expect(asked.at(-1)).toMatchObject({ path: '/renew', authorization: 'Bearer renew-1' });
    expect(await joinOrRestore(options())).toMatchObject({
      creds: 'creds-2',
      renewalToken: 'renew-1',
      obtainedAt: now,
    });
  });

  it('reaches NATS where it is told to, also after the hub has moved it', async () => {
    const moved = { natsUrl: 'nats://127.0.0.1:2', creds: 'creds-2' };
    answers = [
      { status: 200, body: joined('renew-1', 'creds-1', START + HALF_DAY) },
      { status: 200, body: { ...moved, expiresAt: new Date(START + 3 * HALF_DAY).toISOString() } },
    ];
    const membership = await joinOrRestore(options());
    const own = new Renewal(membership, { url, dataDir, clock, logger, natsUrl: 'nats://10.0.0.1:4222' });
    const told = new Renewal(membership, { url, dataDir, clock, logger });
    expect([own.natsUrl, told.natsUrl]).toEqual(['nats://10.0.0.1:4222', 'nats://127.0.0.1:1']);
    now = START + HALF_DAY;
    await own.renewIfDue();
    expect([own.current.natsUrl, own.natsUrl]).toEqual([moved.natsUrl, 'nats://10.0.0.1:4222']);
  });

  it('keeps the old credentials while identity is away', async () => {
    answers = [{ status: 200, body: joined('renew-1', 'creds-1', START + HALF_DAY) }, { status: 502 }];
    const renewal = new Renewal(await joinOrRestore(options()), { url, dataDir, clock, logger });
    now = START + HALF_DAY;
    await expect(renewal.renewIfDue()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(renewal.creds()).toBe('creds-1');
  });
});
