import { CliError } from '../exit.js';
import type { Io } from '../io.js';
import type { Client } from './client.js';
import { connectionProblem } from './problem.js';
import { eventsOf, isEventStream } from './sse.js';
import type { LogView } from './wire.types.js';

const LONGEST_WAIT_MS = 5_000;
const MOST_FAILURES = 30;
/** A quiet service is no broken connection, so only a long silence makes us connect again. */
const SILENCE_MS = 10 * 60_000;

export interface LogQuery {
  since?: string | undefined;
  revision?: string | undefined;
  limit?: number | undefined;
}

/** A service's log as it grows, endless; reconnects from the last line seen and repeats none. */
export async function* logEvents(
  client: Client,
  address: string,
  query: LogQuery,
  io: Io,
  onGap: (failures: number) => void,
): AsyncGenerator<LogView> {
  const place = new Place(query.since);
  for (let failures = 0; ; failures += 1) {
    let error: unknown;
    try {
      const now = { ...query, since: place.since, follow: true };
      const answer = await client.events(address, now, place.headers(), SILENCE_MS);
      if (!isEventStream(answer)) throw new CliError('INTERNAL', `${client.where.url} sent no event stream.`);
      for await (const { event, data, id } of eventsOf(answer)) {
        failures = 0;
        const entry = event === 'log' ? (JSON.parse(data) as LogView) : undefined;
        if (entry !== undefined && place.isNew(entry, id)) yield entry;
      }
    } catch (caught) {
      if (caught instanceof CliError && caught.code !== 'UNAVAILABLE') throw caught;
      error = caught;
    }
    if (failures >= MOST_FAILURES) throw connectionProblem(error, client.where);
    place.reconnected();
    onGap(failures);
    await io.sleep(Math.min(LONGEST_WAIT_MS, 300 * 2 ** failures), io.signal);
  }
}

/** How far the log was read. */
class Place {
  private lastId: string | undefined;
  private atLastTime = new Set<string>();
  private repeating = false;

  constructor(public since: string | undefined) {}

  headers(): Record<string, string> {
    return this.lastId === undefined ? {} : { 'last-event-id': this.lastId };
  }

  /** Without ids the other side begins again at the time of the last line, which we then know already. */
  reconnected(): void {
    this.repeating = this.lastId === undefined && this.atLastTime.size > 0;
  }

  isNew(entry: LogView, id: string | undefined): boolean {
    this.lastId = id ?? this.lastId;
    const key = `${entry.time} ${entry.instance ?? ''} ${entry.text}`;
    if (this.repeating && entry.time === this.since && this.atLastTime.has(key)) return false;
    if (entry.time !== this.since) {
      this.since = entry.time;
      this.atLastTime.clear();
      this.repeating = false;
    }
    this.atLastTime.add(key);
    return true;
  }
}
