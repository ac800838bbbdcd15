/**
 * Usage intake end to end (JetStream pull, check, COPY, exactly once, windows marked, commit, ack) against its parts alone:
 * the pull, and one plain COPY of the same rows into a table with the same unique index; and against an INSERT of unnest,
 * a transaction a message. Same server, same durability, same run. Goals: issue 6 section 7. `npm run bench usage-ingest`.
 */
import { BILLING_CONSUMER, STREAMS, ensureHubTopology, type Bus, type FollowedMessage } from '#libs/bus';
import { foldRecords, type UsageRecord } from '#libs/domain';
import { systemClock } from '#libs/process';
import { testNats } from '#libs/testing';
import pg from 'pg';
import { MessageGroups } from '../apps/billing/src/intake/message.groups.js';
import { GROUP, USAGE_AT_ONCE, inHand } from '../apps/billing/src/intake/intake.worker.js';
import { UsageIntake } from '../apps/billing/src/intake/usage.intake.js';
import { readUsageMessage, type UsageMessage } from '../apps/billing/src/intake/usage.message.js';
import { SHAPE, cpuWith, foldAll, startBillingBed, type BillingBed } from './billing.bed.js';
import {
  cpuPerOperation,
  interleave,
  print,
  quantile,
  rateRatio,
  slicesOf,
  spread,
  verdict,
  type Rounds,
  type Slice,
  type Spread,
  type Variant,
} from './protocol.js';
import { copyInto, makePeerTable, unnestInto } from './usage.peers.js';
import { ROWS_PER_MESSAGE, Traffic, publishUsage } from './usage.traffic.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
const ROWS_PER_SLICE = Number(process.env['BENCH_ROWS'] ?? 40_000);
const GOALS = { combined: 0.5, unnest: 2.5, mixed: 1 / 1.15 };
const HOUR_MS = 3_600_000;

/** What is read of a message while others are kept, and how they are kept. */
interface Way<T> {
  read: (message: FollowedMessage) => T;
  take: (messages: readonly T[]) => Promise<unknown>;
}

/** Follows the stream, as billing does, until so many messages have been handled; gives what ends the following. */
async function pull<T>(bus: Bus, messages: number, { read, take }: Way<T>): Promise<() => Promise<void>> {
  let left = messages;
  let done: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  const groups = new MessageGroups(
    read,
    async (group) => {
      await take(group);
      left -= group.length;
      if (left <= 0) done();
    },
    GROUP,
    USAGE_AT_ONCE,
  );
  const handle = (message: FollowedMessage): Promise<void> => groups.add(message);
  const follower = bus.follow(STREAMS.usage, BILLING_CONSUMER, handle, { width: inHand(USAGE_AT_ONCE) });
  await all;
  return () => follower.stop();
}

/** What was sent is stored once and billed as the definition says, of each organization. */
async function verify(bed: BillingBed, all: readonly Traffic[]): Promise<void> {
  await foldAll(bed);
  for (const { sent, of } of all) {
    const windows = [...foldRecords(sent, SHAPE).values()];
    const expected = {
      rows: String(sent.length),
      requests: String(windows.reduce((sum, { requests }) => sum + requests, 0n)),
      blocks: String(windows.reduce((sum, { blocks }) => sum + blocks, 0n)),
    };
    const [got] = await bed.database.query(
      `SELECT (SELECT count(*)::text FROM usage_records WHERE organization_id = $1) AS rows,
         sum(requests)::text AS requests, sum(blocks)::text AS blocks FROM billing_windows WHERE organization_id = $1`,
      [of.organizationId],
    );
    if (JSON.stringify(got) !== JSON.stringify(expected)) {
      throw new Error(`stored and billed ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
    }
  }
}

/** What a slice cost in the processes of the database, microseconds. */
interface Costed extends Slice {
  databaseMicros: number;
}

/** Variants over one database whose input is made ready outside the clock, and what they leave is ended outside too. */
function variants(bed: BillingBed) {
  return <T>(
    name: string,
    prepare: () => T | Promise<T>,
    work: (input: T) => Promise<void | (() => Promise<void>)>,
  ): Variant => {
    const slice = async (): Promise<Costed> => {
      const input = await prepare();
      const [own, all] = [process.cpuUsage(), await cpuWith(bed)];
      const began = performance.now();
      const end = await work(input);
      const seconds = (performance.now() - began) / 1_000;
      const { user, system } = process.cpuUsage(own);
      const databaseMicros = (await cpuWith(bed)) - all - user - system;
      await end?.();
      return { operations: ROWS_PER_SLICE, seconds, cpuMicros: user + system, databaseMicros };
    };
    return { name, slice };
  };
}

async function byMessage(
  records: readonly UsageRecord[],
  keep: (part: UsageRecord[]) => Promise<void>,
): Promise<void> {
  for (let i = 0; i < records.length; i += ROWS_PER_MESSAGE)
    await keep(records.slice(i, i + ROWS_PER_MESSAGE));
}

async function run(): Promise<void> {
  const [bed, nats] = await Promise.all([startBillingBed(), testNats()]);
  const client = new pg.Client(bed.database.ownerUrl);
  await client.connect();
  try {
    await ensureHubTopology(nats.bus);
    for (const table of ['copied', 'unnested']) await makePeerTable(client, table);
    const since = systemClock.now() - HOUR_MS;
    const [clean, mixed, pulled, copied] = [
      new Traffic(await bed.revision(1), since),
      new Traffic(await bed.revision(2), since, { mixed: true }),
      new Traffic(await bed.revision(3), since),
      new Traffic(await bed.revision(4), since),
    ];
    const intake = new UsageIntake(bed.database.db, bed.things, systemClock);
    const taken: Way<UsageMessage> = {
      read: readUsageMessage,
      take: (messages) => intake.take(messages, bed.lease),
    };
    const dropped: Way<FollowedMessage> = { read: (message) => message, take: () => Promise.resolve() };
    const variant = variants(bed);
    const streamed = <T>(name: string, of: Traffic, way: Way<T>): Variant =>
      variant(
        name,
        () => publishUsage(nats.bus, of.next(ROWS_PER_SLICE)),
        (messages) => pull(nats.bus, messages, way),
      );
    const kept = (name: string, work: (records: UsageRecord[]) => Promise<void>): Variant =>
      variant(name, () => copied.next(ROWS_PER_SLICE), work);
    const all = [
      streamed('intake', clean, taken),
      streamed('mixed', mixed, taken),
      streamed('pull', pulled, dropped),
      kept('COPY', (records) => copyInto(client, 'copied', records)),
      kept('COPY again', (records) => copyInto(client, 'copied', records)),
      kept('unnest', (records) => byMessage(records, (part) => unnestInto(client, 'unnested', part))),
    ];
    const results = await interleave(all, ROUNDS);
    await verify(bed, [clean, mixed]);
    const [{ fsync } = { fsync: '?' }] = await bed.database.query<{ fsync: string }>('SHOW fsync');
    report(results, fsync);
  } finally {
    await client.end();
    await Promise.all([bed.stop(), nats.release()]);
  }
}

function report(results: Rounds, fsync: string): void {
  const median = (values: number[]): number =>
    quantile(
      values.toSorted((a, b) => a - b),
      0.5,
    );
  const rates = [...results.keys()].map((name) => {
    const rate = median(slicesOf(results, name).map(({ operations, seconds }) => operations / seconds));
    return `${name} ${Math.round(rate)}`;
  });
  const seconds = (name: string): number[] => slicesOf(results, name).map((slice) => slice.seconds);
  const parts = seconds('intake').map(
    (own, i) => ((seconds('pull')[i] ?? 0) + (seconds('COPY')[i] ?? 0)) / own,
  );
  const control = rateRatio(results, 'COPY again', 'COPY');
  const line = (what: string, measured: Spread, goal?: number, against = control): string =>
    `  ${what}: ${print(measured)}${goal === undefined ? '' : `  ${verdict(against, measured, goal)}`}`;
  /** Of Node and PostgreSQL together, a record: above 1, `one` is the cheaper. */
  const cheaper = (one: string, other: string): Spread => {
    const costs = (name: string): number[] =>
      (slicesOf(results, name) as Costed[]).map(
        ({ cpuMicros = 0, databaseMicros, operations }) => (cpuMicros + databaseMicros) / operations,
      );
    const own = costs(one);
    return spread(costs(other).map((cost, i) => cost / (own[i] ?? 0)));
  };
  const cpu = (name: string): string => median(slicesOf(results, name).map(cpuPerOperation)).toFixed(1);
  const database = (name: string): string => {
    const slices = slicesOf(results, name) as Costed[];
    return `${name} ${median(slices.map(({ databaseMicros, operations }) => databaseMicros / operations)).toFixed(1)}`;
  };
  const lines = [
    'usage intake',
    line('/ combined limit 1 / (1 / pull + 1 / COPY)', spread(parts), GOALS.combined),
    line('/ INSERT of unnest, a transaction a message', rateRatio(results, 'intake', 'unnest'), GOALS.unnest),
    line('  of which no more can be had than by COPY / unnest', rateRatio(results, 'COPY', 'unnest')),
    line('10 % repeated and 5 % late / clean', rateRatio(results, 'mixed', 'intake'), GOALS.mixed),
    line(
      '  the same by CPU time of Node and PostgreSQL',
      cheaper('mixed', 'intake'),
      GOALS.mixed,
      cheaper('COPY again', 'COPY'),
    ),
    line('/ COPY with the same unique index', rateRatio(results, 'intake', 'COPY')),
    `  control, COPY / COPY: ${print(control)}`,
    `  Node's own CPU: ${cpu('intake')} us a record, ${cpu('mixed')} us of mixed, ${cpu('pull')} us of these to pull`,
    `  PostgreSQL's CPU, us a record: ${['intake', 'mixed', 'COPY', 'unnest'].map(database).join(', ')}`,
    `  rows/s here (log only): ${rates.join(', ')}`,
    `  ${ROUNDS} rounds of ${ROWS_PER_SLICE} rows, ${ROWS_PER_MESSAGE} a message, fsync ${fsync}; stored and billed sums verified`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

await run();
process.exit();
