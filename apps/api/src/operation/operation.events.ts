import { followLogs, readLogs, type LogEntry, type LogQuestion } from '#libs/bus';
import { findBuildSince, type NamedOperation } from '#libs/store';
import { setTimeout as pause } from 'node:timers/promises';
import type { StreamCall, StreamEvent } from '../call/call.js';
import { iso } from '../call/scalars.js';
import { LOOK_EVERY_MS } from '../call/wait.js';
import { operationOf } from './operation.queries.js';
import { showOperation } from './operation.view.js';

/** Build output of the end is published at most so long after it. */
const LAST_LINES_MS = 500;

/**
 * Follows an operation: `operation` on every change, `log` for every line of its build. Ends after the final
 * `operation`.
 */
export async function followOperation(
  call: StreamCall,
  input: { operation: string },
): Promise<AsyncIterable<StreamEvent>> {
  await call.read((reading) => operationOf(reading, input.operation));
  return eventsOf(call, input.operation);
}

async function* eventsOf(call: StreamCall, id: string): AsyncGenerator<StreamEvent> {
  const output = new BuildOutput(call);
  const moves = call.parts.moves.of(id);
  let version: number | undefined;
  try {
    while (!call.signal.aborted) {
      const operation = await call.read((reading) => operationOf(reading, id));
      await output.open(operation);
      if (operation.finishedAt !== undefined) {
        yield* await output.rest(operation.finishedAt);
        yield { event: 'operation', data: showOperation(operation) };
        return;
      }
      yield* output.take();
      if (operation.version !== version) yield { event: 'operation', data: showOperation(operation) };
      version = operation.version;
      await moves.next(LOOK_EVERY_MS, call.signal);
    }
  } finally {
    moves.end();
    output.close();
  }
}

/** The lines of the operation's build, gathered beside the operation's own changes. */
class BuildOutput {
  private readonly lines: StreamEvent[] = [];
  private taken = 0;
  private readonly closing = new AbortController();
  private readonly signal: AbortSignal;
  private question: LogQuestion | undefined;

  constructor(private readonly call: StreamCall) {
    this.signal = AbortSignal.any([this.closing.signal, call.signal]);
  }

  /** Starts following once the operation has a build. */
  async open(operation: NamedOperation): Promise<void> {
    if (this.question || !operation.steps.some((step) => step.name === 'build')) return;
    const { organizationId, serviceId, createdAt } = operation;
    const about = await this.call.read(({ tx }) => findBuildSince(tx, organizationId, serviceId, createdAt));
    if (about === undefined) return;
    this.question = { about, sinceMs: createdAt, signal: this.signal };
    void this.gather(followLogs(this.call.parts.bus, this.question), (line) => this.lines.push(line));
  }

  take(): StreamEvent[] {
    this.taken += this.lines.length;
    return this.lines.splice(0);
  }

  /** What is stored and was not taken yet, of a build that has ended: following may be behind. */
  async rest(endedAt: number): Promise<StreamEvent[]> {
    if (!this.question) return [];
    const { bus, clock } = this.call.parts;
    await pause(Math.max(0, Math.min(LAST_LINES_MS, endedAt + LAST_LINES_MS - clock.now())));
    const stored: StreamEvent[] = [];
    await this.gather(readLogs(bus, this.question), (line) => stored.push(line));
    const rest = stored.slice(this.taken);
    return rest.length > this.lines.length ? rest : this.take();
  }

  close(): void {
    this.closing.abort();
  }

  private async gather(entries: AsyncIterable<LogEntry>, add: (line: StreamEvent) => void): Promise<void> {
    try {
      for await (const { time, text } of entries) add({ event: 'log', data: { time: iso(time), text } });
    } catch (error) {
      // The operation itself is told from the database; without NATS only the build's lines are missing.
      if (!this.signal.aborted) this.call.parts.logger.warn({ err: error }, 'build output cannot be read');
    }
  }
}
