import {
  changesOf,
  tallyOf,
  windowSpan,
  type Interval,
  type StreamPart,
  type WindowFacts,
  type WindowKey,
  type WindowRecord,
} from '#libs/domain';
import { lookupColumns } from './billing-window.store.js';
import type { Statement, Tx } from './statement.js';
import { askedFacts, storedFacts, type BegunRow, type PartRow, type WaitedRow } from './window-facts.sql.js';

/** A window, and up to which position of the intake its records count; absent: all that there are. */
export interface FactsKey extends WindowKey {
  upTo?: number;
  /** Whether its instances are asked for. */
  instances?: boolean;
  /** Whether it is asked what waited for a first instance. */
  fromReady?: boolean;
  /** Whether builds of its service are asked for. */
  builds?: boolean;
}

/** Price zones by other plans than those that were in force. */
export interface AskedZones {
  /** One for each stretch of time: from ids of clusters and names of regions to zones; anything else is in the default one. */
  places: readonly Record<string, string>[];
  /** UTC ms between the stretches, ascending. */
  borders: readonly number[];
}

/** Windows whose facts are in hand at once. */
const AT_ONCE = 16;

/**
 * What each window is made of, from the raw records; in the order asked, a few statements for some of them. Memory is bounded by
 * the requests of 5 s of one window, as numbers, and by what 16 windows can tell apart: a change for each of their ms, and a
 * length for each ms that a request may last, however many requests there are.
 * @param asked zones by which the windows are named; absent: as stored
 */
export async function* findWindowFacts(
  tx: Tx,
  keys: readonly FactsKey[],
  asked?: AskedZones,
): AsyncGenerator<WindowFacts> {
  for (let from = 0; from < keys.length; from += AT_ONCE)
    yield* await factsOfSome(new Asking(tx, keys.slice(from, from + AT_ONCE), asked));
}

/** A few windows, and the statements about them. */
class Asking {
  readonly sql: typeof storedFacts;

  constructor(
    private readonly tx: Tx,
    readonly keys: readonly FactsKey[],
    private readonly asked: AskedZones | undefined,
  ) {
    this.sql = asked ? askedFacts : storedFacts;
  }

  /** Each row about the windows that are meant; its n is the place among all. */
  async each<Row>(
    sql: Statement<Row>,
    isMeant: (key: FactsKey, place: number) => boolean,
    onRow: (row: Row) => void,
  ): Promise<void> {
    const places = [...this.keys.keys()].filter((place) => isMeant(this.keys[place] as FactsKey, place));
    if (places.length === 0) return;
    const meant = places.map((place) => this.keys[place] as FactsKey);
    await this.tx.each(sql, factColumns(meant, this.asked, places), onRow);
  }
}

async function factsOfSome(asking: Asking): Promise<WindowFacts[]> {
  const { keys, sql } = asking;
  const facts = keys.map(noFacts);
  const sums = keys.map((): Sums => ({ changes: new Map(), lengths: new Map() }));
  const spanOf = (n: number): Interval => windowSpan(keys[n]?.windowStartMs ?? 0);
  const all = (): boolean => true;
  const inParts = new Set<number>();
  await asking.each(sql.begun, all, (row) => {
    addCounts(facts[row.n], row);
    addSums(sums[row.n], tallyOf({ offsets: row.offsets ?? [], lengths: row.lengths ?? [] }, spanOf(row.n)));
    if (row.has_parts) inParts.add(row.n);
  });
  await asking.each(sql.crossing, all, (row) => {
    if (row.partial) facts[row.n]?.reaching.push(partOf(row));
    else addSums(sums[row.n], { changes: changesOf([partOf(row)], spanOf(row.n)), lengths: [] });
  });
  for (const [n, { changes, lengths }] of sums.entries()) {
    for (const [atMs, delta] of changes) if (delta !== 0) facts[n]?.changes.push({ atMs, delta });
    for (const [lengthMs, count] of lengths) facts[n]?.lengths.push({ lengthMs, count });
  }
  const hasParts = (_key: FactsKey, n: number): boolean => inParts.has(n);
  await asking.each(sql.begunParts, hasParts, (row) => facts[row.n]?.reaching.push(partOf(row)));
  await asking.each(sql.beginningParts, hasParts, (row) => facts[row.n]?.beginning.push(partOf(row)));
  await addRunning(asking, facts);
  await addWaited(asking, facts);
  await addBuilds(asking, facts);
  return facts;
}

/** Billable records of one window, one by one, and all parts of the streams that began in it. */
export async function findWindowRecords(
  tx: Tx,
  key: FactsKey,
): Promise<{ records: WindowRecord[]; beginning: StreamPart[] }> {
  const columns = factColumns([key]);
  const rows = await tx.run(storedFacts.records, columns);
  const records = rows.map(({ id, part, last, response_bytes, ...row }) => {
    return { id, part, last, responseBytes: response_bytes, ...partOf(row) };
  });
  const isStream = records.some(({ part, last }) => part > 0 || !last);
  const beginning = isStream ? await tx.run(storedFacts.beginningParts, columns) : [];
  const waited = key.fromReady === true ? await tx.run(storedFacts.waited, columns) : [];
  return { records: withReady(records, waited), beginning: withReady(beginning.map(partOf), waited) };
}

/** What waited for a first instance, of the windows for which it is asked. */
async function addWaited(asking: Asking, facts: readonly WindowFacts[]): Promise<void> {
  const rows: WaitedRow[] = [];
  await asking.each(
    asking.sql.waited,
    ({ fromReady }) => fromReady === true,
    (row) => rows.push(row),
  );
  for (const [n, waited] of Map.groupBy(rows, (row) => row.n)) {
    const own = facts[n];
    if (!own) continue;
    own.reaching = withReady(own.reaching, waited);
    own.beginning = withReady(own.beginning, waited);
    for (const { partial, start_ms, end_ms, ready_ms } of waited)
      if (!partial) own.waited.push({ startMs: start_ms, endMs: end_ms, readyMs: ready_ms });
  }
}

/** A build that began in a window. */
export interface WindowBuild extends Interval {
  id: string;
}

/** Builds of one window of a service, in the order in which they began. */
export async function findWindowBuilds(tx: Tx, key: FactsKey): Promise<WindowBuild[]> {
  const rows = await tx.run(storedFacts.builds, factColumns([key]));
  return rows.map(({ id, start_ms, end_ms }) => ({ id, startMs: start_ms, endMs: end_ms }));
}

/** Builds, of the windows of no revision for which they are asked. */
async function addBuilds(asking: Asking, facts: readonly WindowFacts[]): Promise<void> {
  const isMeant = ({ builds, revisionId }: FactsKey): boolean => builds === true && revisionId === '';
  await asking.each(asking.sql.builds, isMeant, ({ n, start_ms, end_ms }) =>
    facts[n]?.builds.push({ lengthMs: end_ms - start_ms, count: 1 }),
  );
}

/** The same with when an instance was ready, of those that waited for one. */
function withReady<T extends StreamPart>(list: readonly T[], waited: readonly WaitedRow[]): T[] {
  const nameOf = (stream: string, startMs: number, endMs: number): string => `${startMs} ${endMs} ${stream}`;
  const ready = new Map(
    waited.map(({ stream, start_ms, end_ms, ready_ms }) => [nameOf(stream, start_ms, end_ms), ready_ms]),
  );
  return list.map((one) => {
    const readyMs = ready.get(nameOf(one.stream, one.startMs, one.endMs));
    return readyMs === undefined ? one : { ...one, readyMs };
  });
}

/** Instances of the windows for which they are asked. */
async function addRunning(asking: Asking, facts: readonly WindowFacts[]): Promise<void> {
  const isMeant = ({ instances }: FactsKey): boolean => instances === true;
  await asking.each(asking.sql.running, isMeant, ({ n, id, begun_ms, from_ms, until_ms }) =>
    facts[n]?.running.push({ id, begunMs: begun_ms, startMs: from_ms, endMs: until_ms }),
  );
}

/** Columns of zones that are asked for, if they are. */
export function zoneColumns(asked: AskedZones | undefined): unknown[] {
  return asked ? [JSON.stringify(asked.places), asked.borders] : [];
}

/** @param places what rows are told apart by; absent: the place of the key */
function factColumns(keys: readonly FactsKey[], asked?: AskedZones, places?: readonly number[]): unknown[] {
  const upTo = keys.map(({ upTo = Number.MAX_SAFE_INTEGER }) => upTo);
  const [own, ...columns] = lookupColumns(keys);
  return [places ?? own, ...columns, upTo, ...zoneColumns(asked)];
}

function noFacts(): WindowFacts {
  const counts = { requests: 0n, notBillableRequests: 0n, requestBytes: 0n, responseBytes: 0n };
  return {
    changes: [],
    lengths: [],
    reaching: [],
    beginning: [],
    waited: [],
    counts,
    running: [],
    builds: [],
  };
}

/** Of one window: by how much the number of active requests changes at each ms, and how many last how many ms. */
interface Sums {
  changes: Map<number, number>;
  lengths: Map<number, number>;
}

function addSums(sums: Sums | undefined, { changes, lengths }: ReturnType<typeof tallyOf>): void {
  if (!sums) return;
  for (const { atMs, delta } of changes) sums.changes.set(atMs, (sums.changes.get(atMs) ?? 0) + delta);
  for (const { lengthMs, count } of lengths)
    sums.lengths.set(lengthMs, (sums.lengths.get(lengthMs) ?? 0) + count);
}

function addCounts(facts: WindowFacts | undefined, row: BegunRow): void {
  if (!facts) return;
  facts.counts.requests += BigInt(row.requests);
  facts.counts.notBillableRequests += BigInt(row.not_billable_requests);
  facts.counts.requestBytes += BigInt(row.request_bytes);
  facts.counts.responseBytes += BigInt(row.response_bytes);
}

function partOf({ stream, start_ms, end_ms }: Omit<PartRow, 'n'>): StreamPart {
  return { stream, startMs: start_ms, endMs: end_ms };
}
