import { DeliverPolicy, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import { decode, type Bus } from './bus.js';
import { logBatchSchema, type LogEntry } from './messages/messages.js';
import { STREAMS } from './names.js';

export interface LogQuestion {
  /** A service id, or a build id for build output. */
  about: string;
  /** UTC ms; batches stored from then on. */
  sinceMs: number;
  /** Ends the reading. */
  signal: AbortSignal;
}

/** The entries stored so far, oldest batch first. Hub processes only. */
export async function* readLogs(bus: Bus, question: LogQuestion): AsyncGenerator<LogEntry> {
  const { messages, pending } = await openLogs(bus, question);
  if (pending === 0) {
    await messages.close();
    return;
  }
  for await (const message of messages) {
    // Taken before the entries are handed out: the loop may be left at any of them.
    const last = message.info.pending === 0;
    yield* entriesOf(message);
    if (last) return;
  }
}

/** The entries stored so far and then every new one, until the signal aborts. Hub processes only. */
export async function* followLogs(bus: Bus, question: LogQuestion): AsyncGenerator<LogEntry> {
  const { messages } = await openLogs(bus, question);
  for await (const message of messages) yield* entriesOf(message);
}

async function openLogs(
  bus: Bus,
  { about, sinceMs, signal }: LogQuestion,
): Promise<{ messages: ConsumerMessages; pending: number }> {
  const consumer = await bus.js.consumers.get(STREAMS.logs, {
    filter_subjects: `logs.${about}.>`,
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: new Date(sinceMs).toISOString(),
  });
  const { num_pending: pending } = await consumer.info(true);
  const messages = await consumer.consume({ max_messages: 100 });
  const stop = (): void => messages.stop();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return { messages, pending };
}

function entriesOf(message: JsMsg): LogEntry[] {
  return decode(logBatchSchema, message.data).entries;
}
