import { STREAMS, encodeHubEvent, ensureHubTopology, hubSubject, type Bus } from '#libs/bus';
import type { Clock } from '#libs/domain';
import { Loop, crashPoint, type Health, type Logger, type Metrics } from '#libs/process';
import {
  dropSent,
  highestSequence,
  markSent,
  refillAfter,
  takeUnsent,
  type Database,
  type UnsentRow,
} from '#libs/store';

export interface RelayParts {
  db: Database;
  bus: Bus;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  health: Health;
}

const POLL_MS = 1_000;
const BATCH = 100;
/** How often the broker is compared with the rows, and old rows are dropped. */
const CHECK_MS = 60_000;

/**
 * Publishes outbox rows and marks them after the broker stored them; at least once, by any number of replicas. A NOTIFY
 * only wakes it; the poll is what guarantees. When the broker lost its newest messages, they are published again.
 */
export class OutboxRelay {
  private readonly loop: Loop;
  private checkedAt = 0;
  private unlisten: (() => Promise<void>) | undefined;
  private readonly sent;

  constructor(private readonly parts: RelayParts) {
    this.loop = new Loop('outbox', POLL_MS, () => this.relay(), parts.logger);
    this.sent = parts.metrics.counter('towpath_outbox_sent_total', 'Outbox rows the broker has stored');
  }

  async start(): Promise<void> {
    this.unlisten = await this.parts.db.listen('outbox', () => this.loop.wake());
    this.loop.start();
  }

  async stop(): Promise<void> {
    await this.unlisten?.();
    await this.loop.stop();
  }

  /** The broker may have lost what it had: it is compared with the rows at once. */
  distrust(): void {
    this.checkedAt = -Infinity;
    this.loop.wake();
  }

  /** One round: everything unsent, in batches. Says whether database and broker answer. */
  async relay(): Promise<void> {
    const { clock, health } = this.parts;
    try {
      if (clock.now() - this.checkedAt >= CHECK_MS) await this.check();
      while ((await this.relayBatch()) === BATCH);
      health.set('outbox', true);
    } catch (error) {
      health.set('outbox', false, 'Messages are not sent: PostgreSQL or NATS does not answer.');
      throw error;
    }
  }

  /** Compares the stream with the highest sequence it ever acknowledged, and refills what it lost. */
  async check(): Promise<void> {
    const { db, bus, clock, logger } = this.parts;
    await ensureHubTopology(bus);
    const stream = await (await bus.jsm()).streams.info(STREAMS.hub);
    const last = stream.state.last_seq;
    const lost = await db.asSystem(async (tx) => {
      await dropSent(tx, clock.now());
      return (await highestSequence(tx)) > last ? refillAfter(tx, last) : 0;
    });
    if (lost > 0) logger.warn({ lost, last }, 'the broker lost messages, they are sent again');
    this.checkedAt = clock.now();
  }

  private async relayBatch(): Promise<number> {
    const { db, clock, logger } = this.parts;
    return db.asSystem(async (tx) => {
      const rows = await takeUnsent(tx, BATCH);
      if (rows.length === 0) return 0;
      const highest = await highestSequence(tx);
      const acks = await Promise.all(rows.map((row) => this.publish(row)));
      crashPoint('deployer.published');
      // A new message at or below a sequence that was given before: the stream was rolled back since the last check.
      const first = Math.min(...acks.filter((ack) => !ack.duplicate).map((ack) => ack.sequence));
      if (first <= highest)
        logger.warn({ lost: await refillAfter(tx, first - 1) }, 'the broker was rolled back');
      await markSent(tx, acks, clock.now());
      this.sent.inc(rows.length);
      return rows.length;
    });
  }

  private async publish(row: UnsentRow): Promise<{ id: string; sequence: number; duplicate: boolean }> {
    const { headers, body } = encodeHubEvent(row);
    const ack = await this.parts.bus.js.publish(hubSubject(row.name, row.key), body, {
      headers,
      msgID: row.id,
    });
    return { id: row.id, sequence: ack.seq, duplicate: ack.duplicate };
  }
}
