import type { Interval, StreamPart, WindowFacts, WindowKey, WindowRecord } from '#libs/domain';
import { lookupColumns } from './billing-window.store.js';
import type { Tx } from './statement.js';
import { askedFacts, storedFacts, type CountsRow, type PartRow, type WaitedRow } from './window-facts.sql.js';

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

/**
 * What each window is made of, from the raw records; in the order asked, a few statements in all.
 * @param asked zones by which the windows are named; absent: as stored
 */
export async function findWindowFacts(
  tx: Tx,
  keys: readonly FactsKey[],
  asked?: AskedZones,
): Promise<WindowFacts[]> {
  const facts = keys.map(noFacts);
  if (keys.length === 0) return facts;
  const sql = asked ? askedFacts : storedFacts;
  const columns = factColumns(keys, asked);
  for (const { n, at_ms, delta } of await tx.run(sql.changes, columns)) {
    facts[n]?.changes.push({ atMs: at_ms, delta });
  }
  for (const row of await tx.run(sql.counts, columns)) addCounts(facts[row.n], row);
  for (const row of await tx.run(sql.reachingParts, columns)) facts[row.n]?.reaching.push(partOf(row));
  for (const row of await tx.run(sql.beginningParts, columns)) facts[row.n]?.beginning.push(partOf(row));
  await addRunning(tx, facts, keys, asked);
  await addWaited(tx, facts, keys, asked);
  await addBuilds(tx, facts, keys, asked);
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
async function addWaited(
  tx: Tx,
  facts: readonly WindowFacts[],
  keys: readonly FactsKey[],
  asked: AskedZones | undefined,
): Promise<void> {
  const meant = [...keys.entries()].filter(([, { fromReady }]) => fromReady === true);
  if (meant.length === 0) return;
  const columns = factColumns(
    meant.map(([, key]) => key),
    asked,
  );
  const rows = await tx.run((asked ? askedFacts : storedFacts).waited, columns);
  for (const [n, waited] of Map.groupBy(rows, (row) => row.n)) {
    const own = facts[meant[n]?.[0] ?? -1];
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
async function addBuilds(
  tx: Tx,
  facts: readonly WindowFacts[],
  keys: readonly FactsKey[],
  asked: AskedZones | undefined,
): Promise<void> {
  const meant = [...keys.entries()].filter(
    ([, { builds, revisionId }]) => builds === true && revisionId === '',
  );
  if (meant.length === 0) return;
  const columns = factColumns(
    meant.map(([, key]) => key),
    asked,
  );
  for (const { n, start_ms, end_ms } of await tx.run((asked ? askedFacts : storedFacts).builds, columns))
    facts[meant[n]?.[0] ?? -1]?.builds.push({ lengthMs: end_ms - start_ms, count: 1 });
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
async function addRunning(
  tx: Tx,
  facts: readonly WindowFacts[],
  keys: readonly FactsKey[],
  asked: AskedZones | undefined,
): Promise<void> {
  const meant = [...keys.entries()].filter(([, { instances }]) => instances === true);
  if (meant.length === 0) return;
  const columns = factColumns(
    meant.map(([, key]) => key),
    asked,
  );
  const rows = await tx.run((asked ? askedFacts : storedFacts).running, columns);
  for (const { n, id, begun_ms, from_ms, until_ms } of rows) {
    const place = meant[n]?.[0] ?? -1;
    facts[place]?.running.push({ id, begunMs: begun_ms, startMs: from_ms, endMs: until_ms });
  }
}

/** Columns of zones that are asked for, if they are. */
export function zoneColumns(asked: AskedZones | undefined): unknown[] {
  return asked ? [JSON.stringify(asked.places), asked.borders] : [];
}

function factColumns(keys: readonly FactsKey[], asked?: AskedZones): unknown[] {
  const upTo = keys.map(({ upTo = Number.MAX_SAFE_INTEGER }) => upTo);
  return [...lookupColumns(keys), upTo, ...zoneColumns(asked)];
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

function addCounts(facts: WindowFacts | undefined, row: CountsRow): void {
  if (!facts) return;
  if (!row.billable) {
    facts.counts.notBillableRequests += BigInt(row.requests);
    return;
  }
  if (row.length_ms !== null) facts.lengths.push({ lengthMs: row.length_ms, count: row.records });
  facts.counts.requests += BigInt(row.requests);
  facts.counts.requestBytes += BigInt(row.request_bytes);
  facts.counts.responseBytes += BigInt(row.response_bytes);
}

function partOf({ stream, start_ms, end_ms }: Omit<PartRow, 'n'>): StreamPart {
  return { stream, startMs: start_ms, endMs: end_ms };
}
