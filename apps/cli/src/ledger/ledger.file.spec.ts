import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import {
  chainedRow,
  endRow,
  entryRow,
  headRow,
  merkleRoot,
  owing,
  parseRatio,
  sealHash,
  sealRow,
  type LedgerEntry,
  type LedgerRow,
} from '#libs/domain';
import type { Io } from '../io.js';
import { runTow } from '../main.js';

class Memory extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const pair = generateKeyPairSync('ed25519');
const { crv, kty, x } = pair.publicKey.export({ format: 'jwk' });
const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tow-ledger-spec-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An export of one payment, under a key of that id. */
function exported(kid: string): string[] {
  const entry: LedgerEntry = {
    ...{ organizationId: 'org', id: 'ent_1', key: 'payment/1', kind: 'payment', currency: 'USD' },
    ...{ actorId: 'key_1', createdAt: 0, postings: owing('payments', parseRatio('-12.5')) },
  };
  const row = entryRow(1, 0, entry);
  const seal = {
    ...{
      organizationId: 'org',
      number: 1,
      kind: 'entries' as const,
      position: 0,
      streamSequence: 0,
      lines: 0,
    },
    ...{ entries: 1, root: merkleRoot([row], sha256), previous: '', sealedAt: 0, kid },
  };
  const hash = sealHash(seal, sha256);
  const signature = sign(null, Buffer.from(hash, 'hex'), pair.privateKey).toString('base64url');
  const rows: LedgerRow[] = [
    headRow({
      ...{ organizationId: 'org', first: 1, previous: '', firstOfDay: 1, previousDay: '' },
      keys: [{ crv, kty, x, kid }],
    }),
    row,
    sealRow({ ...seal, hash, signature }),
    endRow({ seals: 1, head: hash, days: 0 }),
  ];
  let chain = '';
  return rows.map((one) => {
    const made = chainedRow(one, chain, sha256);
    ({ chain } = made);
    return made.text;
  });
}

async function verifyFile(lines: readonly string[], ...flags: string[]) {
  await writeFile(join(folder, 'ledger.ndjson'), `${lines.join('\n')}\n`);
  const [stdout, stderr] = [new Memory(), new Memory()];
  const { signal } = new AbortController();
  const clock = { now: () => 0 };
  const every = () => () => undefined;
  const io = { env: {}, cwd: folder, home: folder, version: '1', stdout, stderr, clock, every, signal };
  const exit = await runTow(['admin', 'ledger', 'verify', 'ledger.ndjson', ...flags], io as unknown as Io);
  return { exit, out: stdout.text, err: stderr.text };
}

describe('tow admin ledger verify', () => {
  it('says what a ledger that is right holds', async () => {
    const { exit, out } = await verifyFile(exported(thumbprint), '--json');
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      organizationId: 'org',
      seals: 1,
      entries: 1,
      kids: [thumbprint],
      accounts: [
        { account: 'balance', amount: '-12.5', currency: 'USD' },
        { account: 'payments', amount: '12.5', currency: 'USD' },
      ],
    });
    const { out: text } = await verifyFile(exported(thumbprint));
    expect(text).toContain('right and whole');
    expect(text).toMatch(/balance:? +-12\.5 USD/);
  });

  it('refuses a file that ends before what was kept', async () => {
    const lines = exported(thumbprint);
    const { hash } = JSON.parse(lines[2] ?? '') as { hash: string };
    expect((await verifyFile(lines, '--kept', hash)).exit).toBe(0);
    const { exit, out, err } = await verifyFile(lines, '--kept', 'f'.repeat(64));
    expect([exit === 0, out]).toEqual([false, '']);
    expect(err).toContain('ledger.ndjson: line 4 comes before the seal or day ffff');
  });

  it.each<[string, (lines: string[]) => string[], string]>([
    ['edited', (lines) => lines.with(1, (lines[1] ?? '').replace('12.5', '12.6')), 'line 2'],
    ['without a row', (lines) => lines.toSpliced(1, 1), 'line 2'],
    ['cut off', (lines) => lines.slice(0, 3), 'line 4'],
    ['under a key that only borrows its id', () => exported('another'), 'line 3'],
    ['no ledger at all', () => ['{}'], 'line 1'],
    ['empty', () => [''], 'line 1'],
  ])('names the first bad line of one that is %s', async (_name, change, place) => {
    const { exit, out, err } = await verifyFile(change(exported(thumbprint)));
    expect(exit).not.toBe(0);
    expect(out).toBe('');
    expect(err).toContain(`ledger.ndjson: ${place}`);
  });
});
