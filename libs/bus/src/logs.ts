import { DeliverPolicy, type Consumer, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import type { Bus } from './bus.js';
import { decode } from './codec.js';
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
  const consumer = await consumerOf(bus, question);
  const { num_pending: pending } = await consumer.info(true);
  if (pending === 0) return;
  for await (const message of await messagesOf(consumer, question.signal)) {
    // Taken before the entries are handed out: the loop may be left at any of them.
    const last = message.info.pending === 0;
    yield* entriesOf(message);
    if (last) return;
  }
}

/** The entries stored so far and then every new one, until the signal aborts. Hub processes only. */
export async function* followLogs(bus: Bus, question: LogQuestion): AsyncGenerator<LogEntry> {
  const messages = await messagesOf(await consumerOf(bus, question), question.signal);
  for await (const message of messages) yield* entriesOf(message);
}

/** An ordered consumer: gone by itself soon after its reader. */
function consumerOf(bus: Bus, { about, sinceMs }: LogQuestion): Promise<Consumer> {
  return bus.js.consumers.get(STREAMS.logs, {
    filter_subjects: `logs.${about}.>`,
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: new Date(sinceMs).toISOString(),
  });
}

async function messagesOf(consumer: Consumer, signal: AbortSignal): Promise<ConsumerMessages> {
  const messages = await consumer.consume({ max_messages: 100 });
  const stop = (): void => messages.stop();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return messages;
}

function entriesOf(message: JsMsg): LogEntry[] {
  return decode(logBatchSchema, message.data).entries;
}
