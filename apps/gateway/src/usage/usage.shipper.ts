import { encode, logBatchSchema, logSubject, usageBatchSchema, usageSubject } from '#libs/bus';
import type { Bus, LogEntry } from '#libs/bus';
import type { Clock, Id, LogBudget, UsageRecord } from '#libs/domain';
import { Loop, crashPoint } from '#libs/process';
import type { Logger } from '#libs/process';
import type { CheckpointFile } from './checkpoint.js';
import { permitOf } from './access-log.line.js';
import { splitLines } from './line-split.js';
import type { SplitLines } from './line-split.js';
import { RecentMessages, type UsageMessage } from './recent.messages.js';
import { RequestLog } from './request-log.js';
import type { Spools } from './spools.js';
import { StreamParts } from './stream-parts.js';
import type { OpenStream } from './stream-parts.js';
import { requestEntry, usageRecord } from './usage.record.js';
import type { UsageMetrics } from './usage.metrics.js';

/** Most records of a batch, which is one message unless its fields are unusually long. */
const BATCH_RECORDS = 1_000;
const CHUNK_BYTES = 1_048_576;
const MESSAGE_BYTES = 524_288;
/** How often the log is looked at. What came in between is stored together: a message costs NATS, billing and PostgreSQL alike. */
const EVERY_MS = 250;
const MICROS_PER_MS = 1_000;

export interface ShipperOptions {
  gatewayId: Id<'gw'>;
  region: string;
  spools: Spools;
  checkpoint: CheckpointFile;
  /** The connection to the hub while it is there. */
  bus: () => Bus | undefined;
  /** Told of every record before it is shipped, and when all that Envoy wrote was read. */
  admission: { noted(record: UsageRecord, wholeStartMs: number, permit?: string): void; readAll(): void };
  revisionName: (revisionId: string) => string | undefined;
  metrics: UsageMetrics;
  /** What one organization may write into the request log. */
  logBudget: LogBudget;
  clock: Clock;
  logger: Logger;
}

interface Batch {
  records: UsageRecord[];
  log: RequestLog;
}

/**
 * Reads Envoy's log and ships it, at least once: a message is stored by JetStream before the checkpoint moves past its
 * lines. Memory is bounded by one chunk; while the hub is away the log simply grows.
 */
export class UsageShipper {
  readonly #loop: Loop;
  readonly #buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  #parts: StreamParts;
  #finishedBytes: number;
  /**
   * Whether the checkpoint on disk says what is so. Nothing is read while it does not: a restart would find the lines
   * again under another spool's id, and they would be billed twice.
   */
  #isKept = true;
  readonly #recent = new RecentMessages();
  /** Whether the server was away, and may be back with less than it had stored. */
  #isDoubted = false;

  constructor(
    private readonly options: ShipperOptions,
    state: { open: Record<string, OpenStream>; finishedBytes: number },
  ) {
    this.#parts = new StreamParts(state.open);
    this.#finishedBytes = state.finishedBytes;
    this.#loop = new Loop('usage', EVERY_MS, (signal) => this.ship(signal), options.logger);
  }

  start(): void {
    this.#loop.start();
  }

  /** Call when the hub is there for the first time. */
  wake(): void {
    this.#loop.wake();
  }

  /** Call when the hub is there again: what it had stored last is sent once more. */
  returned(): void {
    this.#isDoubted = true;
    this.wake();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
    await this.options.spools.close();
  }

  /** Ships everything that is there when it looks. */
  async ship(signal?: AbortSignal): Promise<void> {
    const { spools, metrics } = this.options;
    while (!signal?.aborted) {
      if (await spools.look()) this.#isKept = false;
      if (!this.#isKept) await this.#keep();
      metrics.lagBytes.set(spools.lag());
      metrics.openStreams.set(this.#parts.size);
      const bus = this.options.bus();
      if (!bus) return;
      if (this.#isDoubted) await this.#sendAgain(bus);
      const isLeft = spools.isLeft;
      const isEnd = await this.#shipBatch(bus, isLeft);
      if (!isEnd) continue;
      if (!isLeft) return;
      this.#isKept = false;
      this.#finishedBytes += await spools.finish();
      await this.#keep();
    }
  }

  /**
   * Whether it read to the end of the file. What Envoy has written since waits for the next look: under load the file grows
   * while a batch is stored, and batches of a few lines cost many times what the same lines cost together.
   */
  async #shipBatch(bus: Bus, isLeft: boolean): Promise<boolean> {
    const { spools, metrics, admission } = this.options;
    const chunk = await spools.read(this.#buffer);
    const [spool] = spools.list;
    if (!spool) return true;
    const isFull = chunk.length === CHUNK_BYTES;
    const split = splitLines(chunk, spool.offset, BATCH_RECORDS, isFull);
    const isEnd = !isFull && split.lines.length < BATCH_RECORDS;
    const before = this.#parts.state();
    const batch = this.#batch(split, spool.producer);
    if (isEnd && !isLeft) admission.readAll();
    if (split.consumed === 0) return isEnd;
    crashPoint('gateway.read');
    try {
      await this.#publish(bus, batch);
    } catch (error) {
      // The same lines will be read again and must give the same parts.
      this.#parts = new StreamParts(before);
      throw error;
    }
    crashPoint('gateway.published');
    this.#isKept = false;
    spool.offset += split.consumed;
    await this.#keep();
    metrics.skipped.inc(split.skipped);
    return isEnd;
  }

  #batch({ lines }: SplitLines, producer: Id<'spl'>): Batch {
    const { gatewayId, region, revisionName, logBudget, admission } = this.options;
    const batch: Batch = { records: [], log: new RequestLog(logBudget) };
    for (const { line, position } of lines) {
      const part = this.#parts.take(line);
      const record = usageRecord(line, part, { gatewayId, region, producer, position });
      if (!record) continue;
      batch.records.push(record);
      admission.noted(record, Math.floor(line.start / MICROS_PER_MS), permitOf(line));
      if (!part.last) continue;
      const name = record.revisionId === undefined ? undefined : revisionName(record.revisionId);
      batch.log.add(record, requestEntry(line, this.#finishedBytes + position, name));
    }
    return batch;
  }

  async #publish(bus: Bus, { records, log }: Batch): Promise<void> {
    const { clock, metrics } = this.options;
    for (const { items, bytes } of messagesOf(records, encodeUsage)) {
      const message = { msgId: spanOf(items), bytes };
      await this.#publishUsage(bus, message);
      this.#recent.note(message, clock.now());
    }
    metrics.records.inc(records.length);
    metrics.logRowsDropped.inc({ reason: 'limit' }, log.dropped);
    const logs = [...log.entries].flatMap(([serviceId, all]) =>
      messagesOf(all, encodeLog).map((message) => ({ serviceId, message })),
    );
    await Promise.all(logs.map(({ serviceId, message }) => this.#publishLog(bus, serviceId, message)));
  }

  async #publishUsage(bus: Bus, { msgId, bytes }: UsageMessage): Promise<void> {
    await bus.publishEncoded(usageSubject(this.options.gatewayId), bytes, { msgId });
  }

  /** What is there already is counted once: by JetStream's own id of the message, then by each record's identity. */
  async #sendAgain(bus: Bus): Promise<void> {
    this.#isDoubted = false;
    try {
      for (const message of this.#recent.list) await this.#publishUsage(bus, message);
    } catch (error) {
      this.#isDoubted = true;
      throw error;
    }
  }

  /** A request log that cannot be stored must not hold back what is billed. */
  async #publishLog(bus: Bus, serviceId: Id<'svc'>, { items, bytes }: Encoded<LogEntry>): Promise<void> {
    const { gatewayId, metrics, logger } = this.options;
    try {
      await bus.publishEncoded(logSubject(serviceId, gatewayId), bytes);
    } catch (error) {
      metrics.logRowsDropped.inc({ reason: 'not_stored' }, items.length);
      logger.warn({ err: error, rows: items.length }, 'rows of the request log were dropped');
    }
  }

  async #keep(): Promise<void> {
    const { spools, checkpoint } = this.options;
    const state = { schemaVersion: 1 as const, finishedBytes: this.#finishedBytes, spools: spools.list };
    await checkpoint.write({ ...state, open: this.#parts.state() });
    this.#isKept = true;
  }
}

/** Equal spans hold equal records; a batch that grew by a re-read must not pass for the one sent before. */
function spanOf(records: UsageRecord[]): string {
  return `${records[0]?.producer}.${records[0]?.position}-${records.at(-1)?.position}`;
}

interface Encoded<T> {
  items: T[];
  bytes: Uint8Array;
}

const encodeUsage = (records: UsageRecord[]): Uint8Array =>
  encode(usageBatchSchema, { schemaVersion: 1, records });
const encodeLog = (entries: LogEntry[]): Uint8Array => encode(logBatchSchema, { schemaVersion: 1, entries });

/** Each message stays far below the largest NATS takes: a list that is too long for one is halved. */
function messagesOf<T>(items: T[], encodeAll: (some: T[]) => Uint8Array): Encoded<T>[] {
  if (items.length === 0) return [];
  const bytes = encodeAll(items);
  if (bytes.length <= MESSAGE_BYTES || items.length === 1) return [{ items, bytes }];
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)].flatMap((half) => messagesOf(half, encodeAll));
}
