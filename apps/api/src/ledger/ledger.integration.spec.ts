import { createHash, createPublicKey, generateKeyPairSync, sign, verify, type JsonWebKey } from 'node:crypto';
import {
  LedgerVerifier,
  dayHash,
  entryRow,
  lineRow,
  merkleRoot,
  owing,
  parseRatio,
  sealHash,
  type LedgerEntry,
  type LedgerLine,
} from '#libs/domain';
import {
  acquireLease,
  appendEntry,
  insertDay,
  insertSeal,
  replaceSigningKey,
  underLease,
  type Lease,
} from '#libs/store';
import { ApiRig, type RigTenant } from '../api.rig.js';

const AT = Date.UTC(2026, 10, 21, 14);
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const pair = generateKeyPairSync('ed25519');
const jwk = pair.publicKey.export({ format: 'jwk' });

let rig: ApiRig;
let lease: Lease;
let tenant: RigTenant;
let other: RigTenant;
/** Hashes of the days that are over. */
const days: string[] = [];

beforeAll(async () => {
  rig = await ApiRig.start();
  [tenant, other] = [await rig.tenant('owing'), await rig.tenant('other')];
  const ask = { name: 'test', owner: 'me', now: rig.parts.clock.now(), lifeMs: 3_600_000 };
  lease = (await rig.database.db.asSystem((tx) => acquireLease(tx, ask))) as Lease;
  const privateKey = Buffer.from(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const key = { kid: 'k', privateKey, createdAt: AT, publicJwk: { ...jwk, kid: 'k' } };
  await rig.database.db.asSystem((tx) => replaceSigningKey(tx, 'ledger', key, Buffer.alloc(32)));
  let previous = '';
  // more than one page of seals
  for (let number = 1; number <= 60; number++) {
    previous = await seal(number, previous);
    if (number % 20 === 0) await endDay(number, previous);
  }
}, 60_000);
afterAll(() => rig.stop());

/** The end of a day of 20 seals. */
async function endDay(last: number, head: string): Promise<void> {
  const { organizationId } = tenant;
  const made = {
    ...{ organizationId, day: `2026-11-${last / 20 + 20}`, first: last - 19, last, head },
    ...{ previous: days.at(-1) ?? '', kid: 'k' },
  };
  const hash = dayHash(made, sha256);
  const signature = sign(null, Buffer.from(hash, 'hex'), pair.privateKey).toString('base64url');
  await underLease(rig.database.db, lease, (tx) => insertDay(tx, { ...made, hash, signature }));
  days.push(hash);
}

/** A window with one line and its entry, as billing leaves them. */
async function seal(number: number, previous: string): Promise<string> {
  const { organizationId } = tenant;
  const windowStartMs = AT + number * 3_600_000;
  const line: LedgerLine = {
    ...{ windowStartMs, projectId: 'prj', serviceId: 'svc', revisionId: '', priceZone: 'default' },
    ...{ planId: 'p', planVersion: 1, item: 'cpu', amount: parseRatio('0.1') },
    ...{ measured: { units: 1n, scale: 0 }, multiplier: { units: 1n, scale: 0 } },
  };
  const entry: LedgerEntry = {
    ...{
      organizationId,
      id: `ent_${String(number).padStart(20, '0')}`,
      key: `window/${number}`,
      kind: 'usage',
    },
    ...{ currency: 'USD', windowStartMs, actorId: 'towpath', createdAt: AT },
    postings: owing('charges', parseRatio('0.1')),
  };
  const rows = [lineRow(number, 0, line), entryRow(number, 1, entry)];
  const made = {
    ...{
      organizationId,
      number,
      kind: 'window' as const,
      windowStartMs,
      position: number,
      streamSequence: 1,
    },
    ...{ lines: 1, entries: 1, root: merkleRoot(rows, sha256), previous, sealedAt: AT, kid: 'k' },
  };
  const hash = sealHash(made, sha256);
  const signature = sign(null, Buffer.from(hash, 'hex'), pair.privateKey).toString('base64url');
  await underLease(rig.database.db, lease, async (tx) => {
    await appendEntry(tx, entry);
    await insertSeal(tx, { ...made, hash, signature }, [line], [entry.id]);
  });
  return hash;
}

async function exported(key: string, query = ''): Promise<string[]> {
  const headers = { authorization: `Bearer ${key}` };
  const answer = await rig.app.inject({ method: 'GET', url: `/v1/ledger/export${query}`, headers });
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/x-ndjson']);
  return answer.body.trimEnd().split('\n');
}

function verified(lines: readonly string[]) {
  const verifier = new LedgerVerifier(sha256, (_kid, key, hash, signature) =>
    verify(
      null,
      Buffer.from(hash, 'hex'),
      createPublicKey({ key: key as JsonWebKey, format: 'jwk' }),
      Buffer.from(signature, 'base64url'),
    ),
  );
  for (const line of lines) verifier.add(line);
  return verifier.finish();
}

describe('the ledger of an organization', () => {
  it('says what it owes, exactly, and the end of its chain', async () => {
    const { json } = await rig.call('GET', '/v1/ledger', { key: tenant.key });
    const accounts = [
      { account: 'balance', amount: '6', currency: 'USD' },
      { account: 'charges', amount: '-6', currency: 'USD' },
    ];
    expect(json).toMatchObject({ accounts, seals: 60, keys: ['k'] });
    const report = verified(await exported(tenant.key));
    expect(report).toMatchObject({ seals: 60, lines: 60, entries: 60, head: json['head'] });
    expect(json['day']).toMatchObject({ day: '2026-11-23', seals: 60, head: json['head'], hash: days[2] });
    expect(report).toMatchObject({ days: 3, lastDay: { day: '2026-11-23', hash: days[2] } });
    expect(report.accounts).toEqual(accounts);
  });

  it('is exported from any seal on, and whole when there is none', async () => {
    expect(verified(await exported(tenant.key, '?after=55'))).toMatchObject({ seals: 5, lines: 5, days: 1 });
    expect(verified(await exported(tenant.key, '?after=40'))).toMatchObject({ seals: 20, days: 1 });
    expect(verified(await exported(other.key))).toMatchObject({ seals: 0, head: '' });
  });

  it('lists entries newest first and seals oldest first, in pages, its own only', async () => {
    const entries = await rig.call('GET', '/v1/ledger/entries?limit=2', { key: tenant.key });
    expect(entries.json['items']).toMatchObject([
      { id: 'ent_00000000000000000060', kind: 'usage', seal: 60 },
      { id: 'ent_00000000000000000059', postings: [{ account: 'balance', amount: '0.1' }, {}] },
    ]);
    const first = await rig.call('GET', '/v1/ledger/seals?limit=50', { key: tenant.key });
    const cursor = String(first.json['nextCursor']);
    const second = await rig.call('GET', `/v1/ledger/seals?limit=50&cursor=${cursor}`, { key: tenant.key });
    expect((second.json['items'] as { number: number }[]).map(({ number }) => number)).toEqual(
      Array.from({ length: 10 }, (_, i) => 51 + i),
    );
    for (const list of ['entries', 'seals'])
      expect((await rig.call('GET', `/v1/ledger/${list}`, { key: other.key })).json['items']).toEqual([]);
  });

  it('is not shown to who may not see bills', async () => {
    const key = await rig.key(tenant.key, 'viewer');
    for (const url of ['/v1/ledger', '/v1/ledger/entries', '/v1/ledger/seals', '/v1/ledger/export'])
      expect((await rig.call('GET', url, { key })).status).toBe(403);
  });
});
