import { followLogs } from '#libs/bus';
import type { Id } from '#libs/domain';
import { findBuildSince, type NamedOperation } from '#libs/store';
import { setTimeout as pause } from 'node:timers/promises';
import type { StreamCall, StreamEvent } from '../call/call.js';
import { iso } from '../call/scalars.js';
import { LOOK_EVERY_MS } from '../call/wait.js';
import { operationOf } from './operation.queries.js';
import { showOperation } from './operation.view.js';

/** Build output that was published right before the end is still on its way for this long. */
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
        if (output.isOpen) await pause(LAST_LINES_MS);
        yield* output.take();
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
  private readonly closing = new AbortController();
  private buildId: Id<'bld'> | undefined;

  constructor(private readonly call: StreamCall) {}

  get isOpen(): boolean {
    return this.buildId !== undefined;
  }

  /** Starts following once the operation has a build. */
  async open(operation: NamedOperation): Promise<void> {
    if (this.buildId !== undefined || !operation.steps.some((step) => step.name === 'build')) return;
    const { organizationId, serviceId, createdAt } = operation;
    this.buildId = await this.call.read(({ tx }) => findBuildSince(tx, organizationId, serviceId, createdAt));
    if (this.buildId !== undefined) void this.follow(this.buildId, createdAt);
  }

  take(): StreamEvent[] {
    return this.lines.splice(0);
  }

  close(): void {
    this.closing.abort();
  }

  private async follow(about: string, sinceMs: number): Promise<void> {
    const signal = AbortSignal.any([this.closing.signal, this.call.signal]);
    try {
      for await (const entry of followLogs(this.call.parts.bus, { about, sinceMs, signal })) {
        this.lines.push({ event: 'log', data: { time: iso(entry.time), text: entry.text } });
      }
    } catch (error) {
      // The operation itself is told from the database; without NATS only the build's lines are missing.
      if (!signal.aborted) this.call.parts.logger.warn({ err: error }, 'build output cannot be followed');
    }
  }
}
