import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Api } from './api.js';
import type { LedgerHub } from './ledger.hub.js';
import { towWith } from './tow.js';

/**
 * What differs between two installations that were given the same usage, and is no word about money. `id`: of an entry, random.
 * `at`, `sealedAt`, `issuedAt`, `dueAt`: when the hub did it. `position`, `streamSequence`: in how many transactions and
 * messages usage came. `kid`, `keys`: each installation has its own. `root`, `previous`, `hash`, `signature`, `head`, `chain`:
 * are over these; `tow admin ledger verify` checks them in each export.
 */
const OWN = new Set([
  ...['id', 'at', 'sealedAt', 'issuedAt', 'dueAt', 'position', 'streamSequence', 'kid', 'keys'],
  ...['root', 'previous', 'hash', 'signature', 'head', 'chain'],
]);

interface Replay {
  equal: boolean;
  digest: string;
  invoice?: string;
}

/** Everything that money says, as text. */
export interface LedgerCopy {
  exported: string[];
  minutes: string[];
  hours: string[];
  invoices: string[];
  numbers: string[];
  records: string[];
  intervals: string[];
  instanceTime: string[];
  builds: string[];
}

/** Takes a copy; each export is whole and right by `tow admin ledger verify`, and each invoice the one of its raw records. */
export async function copyOf(hub: LedgerHub): Promise<LedgerCopy> {
  const exported: string[] = [];
  const invoices = await hub.rows<{ id: string; month: string }>('SELECT id, month FROM invoices');
  const named = (text: string): string =>
    invoices.reduce((said, { id, month }) => said.replaceAll(id, month), text);
  const api = await hub.api();
  for (const tenant of hub.tenants) {
    const own = new Api(api.url, hub.keyOf(tenant));
    const text = await exportOf(own);
    await verify(text);
    exported.push(
      ...text
        .trimEnd()
        .split('\n')
        .map((line) => ownLeftOut(named(line))),
    );
    const replay = await own.ok<Replay>('GET', '/v1/bill/replay?month=2026-10');
    if (!replay.equal || replay.invoice === undefined)
      throw new Error(`replay differs: ${JSON.stringify(replay)}`);
  }
  await api.end();
  return { exported, ...(await rowsOf(hub)) };
}

async function exportOf(api: Api): Promise<string> {
  const headers = { authorization: `Bearer ${api.key}` };
  const answer = await fetch(`${api.url}/v1/ledger/export`, { headers });
  if (answer.status !== 200) throw new Error(`the export answered ${answer.status}`);
  return answer.text();
}

async function verify(text: string): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'towpath-ledger-'));
  const file = path.join(folder, 'ledger.ndjson');
  writeFileSync(file, text);
  const { code, stderr } = await towWith(path.join(folder, 'none'), ['admin', 'ledger', 'verify', file]);
  rmSync(folder, { recursive: true });
  if (code !== 0) throw new Error(`the export is not right: ${stderr}`);
}

async function rowsOf(hub: LedgerHub): Promise<Omit<LedgerCopy, 'exported'>> {
  const texts = async (sql: string): Promise<string[]> =>
    (await hub.rows<{ row: object }>(`SELECT to_jsonb(t) AS row FROM (${sql}) t`)).map(({ row }) =>
      JSON.stringify(row),
    );
  const invoices = await hub.rows<{ body: string }>(
    'SELECT body FROM invoices ORDER BY organization_id, month',
  );
  const numbers = await hub.rows<{ number: string }>('SELECT number FROM invoices ORDER BY number');
  return {
    numbers: numbers.map(({ number }) => number),
    minutes: await texts(
      `SELECT w.*, NULL AS updated_at FROM billing_windows w ORDER BY organization_id, revision_id, window_start_ms`,
    ),
    hours: await texts(
      `SELECT organization_id, start_ms, unsettled, closed_at IS NOT NULL AS closed, without, seal_number
       FROM ledger_windows ORDER BY organization_id, start_ms`,
    ),
    records: await texts(`SELECT r.*, NULL AS taken FROM usage_records r ORDER BY producer, position`),
    intervals: await texts('SELECT * FROM instance_intervals ORDER BY cluster_id, instance_id, start_ms'),
    instanceTime: await texts(
      'SELECT * FROM instance_time ORDER BY organization_id, day, cluster_id, service_id',
    ),
    builds: await texts('SELECT b.*, NULL AS taken FROM build_times b ORDER BY build_id'),
    // numbers go by whose invoice is committed first
    invoices: invoices.map(({ body }) => ownLeftOut(body, ['number'])),
  };
}

function ownLeftOut(text: string, more: readonly string[] = []): string {
  const isOwn = (key: string): boolean => OWN.has(key) || more.includes(key);
  return JSON.stringify(JSON.parse(text), (key, value: unknown) => (isOwn(key) ? undefined : value));
}

/** What the ledger says of each hour by price item: closing and corrections together. */
export async function linesOf(hub: LedgerHub): Promise<string[]> {
  const rows = await hub.rows<object>(
    `SELECT organization_id, window_start_ms, service_id, revision_id, price_zone, plan_id, plan_version, item,
       trim_scale(multiplier)::text AS multiplier, trim_scale(sum(measured))::text AS measured,
       trim_scale(sum(amount))::text AS amount, divisor::text AS divisor
     FROM ledger_lines GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, multiplier, divisor HAVING sum(amount) <> 0
     ORDER BY 1, 2, 4, 8, divisor`,
  );
  return rows.map((row) => JSON.stringify(row));
}

/** What invoices asked for October, in the currency's smallest unit, by organization and price item. */
export async function chargedOf(hub: LedgerHub): Promise<Record<string, bigint>> {
  const rows = await hub.rows<{ body: string }>('SELECT body FROM invoices ORDER BY number');
  const sums: Record<string, bigint> = {};
  for (const { body } of rows) {
    const { organization, month, lines, corrections } = JSON.parse(body) as Charged;
    for (const { item, charged } of [
      ...(month === '2026-10' ? lines : []),
      ...corrections.filter((one) => one.month === '2026-10'),
    ]) {
      const key = `${organization} ${item}`;
      sums[key] = (sums[key] ?? 0n) + BigInt(charged.replace('.', ''));
    }
  }
  return sums;
}

interface Charged {
  organization: string;
  month: string;
  lines: { item: string; charged: string }[];
  corrections: { month: string; item: string; charged: string }[];
}
