/**
 * Usage intake end to end (JetStream pull, check, COPY, exactly once, windows marked, commit, ack) against one plain
 * COPY of the same rows into a table with the same unique index; same server, same durability, same run.
 */
import { finished } from 'node:stream/promises';
import {
  BILLING_CONSUMER,
  STREAMS,
  ensureHubTopology,
  usageSubject,
  type Bus,
  type FollowedMessage,
} from '#libs/bus';
import { SHARDS, foldRecords, type UsageRecord } from '#libs/domain';
import { systemClock } from '#libs/process';
import { acquireLease, underLease, type Database, type Lease } from '#libs/store';
import {
  makeUsedRevision,
  seededRandom,
  testDatabase,
  testNats,
  usageOf,
  type TestDatabase,
  type UsedRevision,
} from '#libs/testing';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { foldShard } from '../apps/billing/src/fold/window.fold.js';
import { MessageGroups } from '../apps/billing/src/intake/message.groups.js';
import { GROUP } from '../apps/billing/src/intake/intake.worker.js';
import { UsageIntake } from '../apps/billing/src/intake/usage.intake.js';
import { MeteredThings } from '../apps/billing/src/metered.things.js';
import {
  cpuPerOperation,
  interleave,
  isValid,
  print,
  quantile,
  rateRatio,
  slicesOf,
  spread,
  type Rounds,
  type Slice,
  type Variant,
} from './protocol.js';

const ROUNDS = Number(process.env['TOWPATH_BENCH_ROUNDS'] ?? 15);
const ROWS_PER_SLICE = Number(process.env['TOWPATH_BENCH_ROWS'] ?? 10_000);
/** What a busy gateway ships at once. */
const ROWS_PER_MESSAGE = 500;

const shape = { concurrency: 80, maxInstances: 100, timeoutSeconds: 300 };

/** Requests at 1,000 a second over the last minutes, one in fifty refused. */
class Traffic {
  private position = 0;
  readonly sent: UsageRecord[] = [];

  constructor(
    readonly of: UsedRevision,
    private readonly startMs: number,
  ) {}

  next(count: number): UsageRecord[] {
    const records = Array.from({ length: count }, () => this.one());
    this.sent.push(...records);
    return records;
  }

  private one(): UsageRecord {
    const n = this.position++;
    const startMs = this.startMs + n;
    const refused = n % 50 === 0 ? { reached: false, status: 429, flags: 'RL' } : {};
    const span = { startMs, endMs: startMs + 5 + ((n * 7_919) % 200) };
    return usageOf(this.of, n * 410, span, { streamId: crypto.randomUUID(), ...refused });
  }
}

/** The limit: nothing is checked, nothing is marked, one statement. */
async function copyInto(client: pg.Client, table: string, records: readonly UsageRecord[]): Promise<number> {
  const lines = records.map((r) =>
    [
      [
        r.producer,
        r.position,
        r.organizationId,
        r.projectId,
        r.serviceId,
        r.revisionId,
        '\\N',
        r.gatewayId,
        r.region,
      ],
      [
        'default',
        r.streamId,
        r.part,
        r.last,
        r.startMs,
        r.endMs,
        r.requestBytes,
        r.responseBytes,
        r.status,
        r.flags,
      ],
      [r.reached, r.attempts, r.reached, r.reached ? '\\N' : 'rate_limited'],
    ]
      .flat()
      .join('\t'),
  );
  const stream = client.query(copyFrom(`COPY ${table} FROM STDIN`));
  stream.end(`${lines.join('\n')}\n`);
  await finished(stream);
  return records.length;
}

async function publish(bus: Bus, records: readonly UsageRecord[]): Promise<number> {
  let messages = 0;
  for (let i = 0; i < records.length; i += ROWS_PER_MESSAGE) {
    const batch = { schemaVersion: 1, records: records.slice(i, i + ROWS_PER_MESSAGE) };
    const subject = usageSubject(batch.records[0]?.gatewayId ?? '');
    await bus.js.publish(subject, new TextEncoder().encode(JSON.stringify(batch)));
    messages += 1;
  }
  return messages;
}

type Take = (messages: readonly FollowedMessage[]) => Promise<unknown>;

/** Follows the stream, as billing does, until so many messages have been handled. */
async function pull(bus: Bus, messages: number, take: Take): Promise<void> {
  let left = messages;
  let done: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  const groups = new MessageGroups(async (group) => {
    await take(group);
    left -= group.length;
    if (left === 0) done();
  }, GROUP);
  const handle = (message: FollowedMessage): Promise<void> => groups.add(message);
  const follower = bus.follow(STREAMS.usage, BILLING_CONSUMER, handle, { width: GROUP });
  await all;
  void follower.stop();
}

async function foldAll(db: Database, lease: Lease): Promise<void> {
  const things = new MeteredThings();
  for (let shard = 0; shard < SHARDS; shard++) {
    let folded = 1;
    while (folded > 0) {
      ({ windows: folded } = await underLease(db, lease, (tx) =>
        foldShard(tx, shard, things, systemClock.now()),
      ));
    }
  }
}

/** What was sent is stored once and billed as the definition says. */
async function verify(database: TestDatabase, lease: Lease, sent: readonly UsageRecord[]): Promise<void> {
  await foldAll(database.db, lease);
  const windows = [...foldRecords(sent, shape).values()];
  const expected = {
    rows: String(sent.length),
    requests: String(windows.reduce((sum, { requests }) => sum + requests, 0n)),
    blocks: String(windows.reduce((sum, { blocks }) => sum + blocks, 0n)),
  };
  const [got] = await database.query(
    `SELECT (SELECT count(*)::text FROM usage_records) AS rows, sum(requests)::text AS requests,
       sum(blocks)::text AS blocks FROM billing_windows`,
  );
  if (JSON.stringify(got) !== JSON.stringify(expected)) {
    throw new Error(`stored and billed ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
  }
}

async function run(): Promise<void> {
  const [database, nats] = await Promise.all([testDatabase(), testNats()]);
  const client = new pg.Client(database.ownerUrl);
  await client.connect();
  try {
    await ensureHubTopology(nats.bus);
    await database.query('CREATE TABLE copied (LIKE usage_records, PRIMARY KEY (producer, position))');
    const of = await makeUsedRevision((sql, values) => database.query(sql, values), seededRandom(1), shape);
    const traffic = new Traffic(of, systemClock.now() - 3_600_000);
    const pulled = new Traffic(of, systemClock.now() - 3_600_000);
    const copied = new Traffic(of, systemClock.now() - 3_600_000);
    const ask = { name: 'bench', owner: 'bench', now: systemClock.now(), lifeMs: 86_400_000 };
    const lease = await database.db.asSystem((tx) => acquireLease(tx, ask));
    if (!lease) throw new Error('the lease of an empty database is taken');
    const intake = new UsageIntake(database.db, new MeteredThings(), systemClock);

    const fill = (of: Traffic): Promise<number> => publish(nats.bus, of.next(ROWS_PER_SLICE));
    const take: Take = (messages) => intake.take(messages, lease);
    const variants: Variant[] = [
      variant(
        'intake',
        () => fill(traffic),
        (messages) => pull(nats.bus, messages, take),
      ),
      variant(
        'pull',
        () => fill(pulled),
        (messages) => pull(nats.bus, messages, () => Promise.resolve()),
      ),
      ...['COPY', 'COPY again'].map((name) =>
        variant(
          name,
          () => copied.next(ROWS_PER_SLICE),
          (records) => copyInto(client, 'copied', records),
        ),
      ),
    ];
    const results = await interleave(variants, ROUNDS);
    await verify(database, lease, traffic.sent);
    const [{ fsync } = { fsync: '?' }] = await database.query<{ fsync: string }>('SHOW fsync');
    report(results, fsync);
  } finally {
    await client.end();
    await Promise.all([database.drop(), nats.release()]);
  }
}

/** A variant whose input is made ready outside the clock. */
function variant<T>(
  name: string,
  prepare: () => T | Promise<T>,
  work: (input: T) => Promise<unknown>,
): Variant {
  const slice = async (): Promise<Slice> => {
    const input = await prepare();
    const cpu = process.cpuUsage();
    const began = performance.now();
    await work(input);
    const seconds = (performance.now() - began) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    return { operations: ROWS_PER_SLICE, seconds, cpuMicros: user + system };
  };
  return { name, slice };
}

function report(results: Rounds, fsync: string): void {
  const median = (values: number[]): number =>
    quantile(
      values.toSorted((a, b) => a - b),
      0.5,
    );
  const rows = (name: string): string =>
    `${name} ${Math.round(median(slicesOf(results, name).map(({ operations, seconds }) => operations / seconds)))}`;
  const seconds = (name: string): number[] => slicesOf(results, name).map((slice) => slice.seconds);
  const both = seconds('intake').map(
    (own, i) => ((seconds('pull')[i] ?? 0) + (seconds('COPY')[i] ?? 0)) / own,
  );
  const control = rateRatio(results, 'COPY again', 'COPY');
  const cpu = median(slicesOf(results, 'intake').map(cpuPerOperation)).toFixed(1);
  const lines = [
    `usage intake / COPY with the same unique index: ${print(rateRatio(results, 'intake', 'COPY'))}`,
    `  / combined limit 1 / (1 / pull + 1 / COPY):   ${print(spread(both))}`,
    `  control, COPY / COPY:                         ${print(control)}${isValid(control) ? '' : '  VOID: too noisy'}`,
    `  rows/s here (log only): ${['intake', 'pull', 'COPY'].map(rows).join(', ')}; Node's CPU ${cpu} us a record`,
    `  ${ROUNDS} rounds of ${ROWS_PER_SLICE} rows, ${ROWS_PER_MESSAGE} a message, fsync ${fsync}; stored and billed sums verified`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

await run();
process.exit(0);
