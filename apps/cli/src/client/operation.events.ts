import type { IncomingMessage } from 'node:http';
import { CliError } from '../exit.js';
import type { Io } from '../io.js';
import type { Client } from './client.js';
import { path } from './path.js';
import { eventsOf, isEventStream } from './sse.js';
import type { OperationView } from './wire.types.js';

/** What following an operation yields: the operation after a change, or one line of build output. */
export type OperationEvent = { operation: OperationView } | { log: { time: string; text: string } };

const SILENCE_MS = 30_000;
const RECONNECT_MS = 300;
const POLL_MS = 1_000;
/** So many streams in a row without a single event, and we ask instead of listening. */
const STREAM_FAILURES = 3;

/**
 * Follows an operation to its end: by its event stream, reconnecting when that breaks, and by asking once a second
 * where streams do not get through. The last value is the ended operation. Build output is yielded once, also when a
 * new connection repeats it.
 */
export async function* operationEvents(client: Client, id: string, io: Io): AsyncGenerator<OperationEvent> {
  const log = new LogMemory();
  let failures = 0;
  for (;;) {
    const streaming = failures < STREAM_FAILURES;
    if (streaming) {
      let events = 0;
      for await (const event of oneStream(client, id, log)) {
        events += 1;
        yield event;
        if ('operation' in event && hasEnded(event.operation)) return;
      }
      failures = events === 0 ? failures + 1 : 0;
    }
    // A stream may end before the last word, so every gap is closed by asking.
    const operation = await client.get<OperationView>(path`/v1/operations/${id}`);
    yield { operation };
    if (hasEnded(operation)) return;
    await io.sleep(streaming ? RECONNECT_MS : POLL_MS, io.signal);
  }
}

export function hasEnded(operation: OperationView): boolean {
  return operation.status === 'succeeded' || operation.status === 'failed';
}

async function* oneStream(client: Client, id: string, log: LogMemory): AsyncGenerator<OperationEvent> {
  const headers: Record<string, string> = log.lastId === undefined ? {} : { 'last-event-id': log.lastId };
  log.reconnected();
  try {
    const answer = await client.events(path`/v1/operations/${id}/events`, {}, headers, SILENCE_MS);
    if (isEventStream(answer)) yield* read(answer, log);
    else answer.destroy();
  } catch (error) {
    if (error instanceof CliError && error.code !== 'UNAVAILABLE') throw error;
  }
}

async function* read(answer: IncomingMessage, log: LogMemory): AsyncGenerator<OperationEvent> {
  for await (const { event, data, id } of eventsOf(answer)) {
    log.lastId = id ?? log.lastId;
    if (event === 'operation') yield { operation: JSON.parse(data) as OperationView };
    if (event !== 'log') continue;
    const line = JSON.parse(data) as { time: string; text: string };
    if (log.isNew(line)) yield { log: line };
  }
}

/** Knows which lines were shown, counted per connection, because equal lines may truly occur twice. */
class LogMemory {
  lastId: string | undefined;
  private readonly shown = new Map<string, number>();
  private here = new Map<string, number>();

  reconnected(): void {
    this.here = new Map();
  }

  isNew(line: { time: string; text: string }): boolean {
    const key = `${line.time} ${line.text}`;
    const count = (this.here.get(key) ?? 0) + 1;
    this.here.set(key, count);
    if (count <= (this.shown.get(key) ?? 0)) return false;
    this.shown.set(key, count);
    return true;
  }
}
