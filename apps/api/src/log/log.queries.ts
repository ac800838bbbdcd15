import { followLogs as followStored, readLogs as readStored, type LogEntry } from '#libs/bus';
import type { Service } from '#libs/domain';
import type { StreamCall, StreamEvent } from '../call/call.js';
import type { ReceiveCall } from '../call/definition.js';
import { serviceOf, type ServiceRef } from '../service/service.queries.js';
import { showLogEntry } from './log.view.js';

export interface LogInput extends ServiceRef {
  since?: string | undefined;
  limit: number;
  revision?: string | undefined;
  follow?: boolean | undefined;
}

/** As long as the stream keeps logs (contracts/README.md). */
const KEPT_MS = 24 * 3_600_000;
/** How far back following begins when the client does not say. */
const FOLLOW_FROM_MS = 5 * 60_000;
const READ_TIMEOUT_MS = 15_000;

/** The newest entries since a time, oldest first. */
export async function readLogs(
  call: ReceiveCall,
  input: LogInput,
): Promise<{ items: ReturnType<typeof showLogEntry>[] }> {
  const { service } = await call.read((reading) => serviceOf(reading, input));
  const { limit } = input;
  const newest: LogEntry[] = [];
  const question = {
    about: service.id,
    sinceMs: sinceOf(input, call.parts.clock.now() - KEPT_MS),
    signal: AbortSignal.timeout(READ_TIMEOUT_MS),
  };
  for await (const entry of readStored(call.parts.bus, question)) {
    if (!wanted(entry, input)) continue;
    newest.push(entry);
    if (newest.length > 2 * limit) newest.splice(0, newest.length - limit);
  }
  // Batches of several senders come in the order they were stored, not in the order of their entries.
  newest.sort((one, other) => one.time - other.time);
  return { items: newest.slice(-limit).map(showLogEntry) };
}

/** Entries since a time and then every new one. */
export async function followLogs(call: StreamCall, input: LogInput): Promise<AsyncIterable<StreamEvent>> {
  const { service } = await call.read((reading) => serviceOf(reading, input));
  return entriesOf(call, service, input, sinceOf(input, call.parts.clock.now() - FOLLOW_FROM_MS));
}

async function* entriesOf(
  call: StreamCall,
  service: Service,
  input: LogInput,
  sinceMs: number,
): AsyncGenerator<StreamEvent> {
  const question = { about: service.id, sinceMs, signal: call.signal };
  for await (const entry of followStored(call.parts.bus, question)) {
    if (wanted(entry, input)) yield { event: 'log', data: showLogEntry(entry) };
  }
}

function sinceOf(input: LogInput, otherwise: number): number {
  return input.since === undefined ? otherwise : Date.parse(input.since);
}

function wanted(entry: LogEntry, { since, revision }: LogInput): boolean {
  if (since !== undefined && entry.time < Date.parse(since)) return false;
  return revision === undefined || entry.revision === revision;
}
