import { BILLING_CONSUMER, STREAMS, type Bus } from '#libs/bus';
import type { Clock } from '#libs/domain';
import { mustRereadUsage, type Database } from '#libs/store';

interface Seen {
  atMs: number;
  lastSequence: number;
}

/** Tells up to when everything that the stream of usage held has been taken in. */
export class TakenInWatch {
  private seen: Seen[] = [];

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly clock: Clock,
  ) {}

  /** Looks again; 0 when nothing is known (usage is being read again from the start, or is to be after a restore). */
  async look(): Promise<number> {
    if (await this.db.asSystem(mustRereadUsage)) {
      this.seen = [];
      return 0;
    }
    const atMs = this.clock.now();
    const jsm = await this.bus.jsm();
    const { state } = await jsm.streams.info(STREAMS.usage);
    const consumer = await jsm.consumers.info(STREAMS.usage, BILLING_CONSUMER);
    const isIdle = consumer.num_pending === 0 && consumer.num_ack_pending === 0;
    return this.note(
      { atMs, lastSequence: state.last_seq },
      isIdle ? Infinity : consumer.ack_floor.stream_seq,
    );
  }

  private note(now: Seen, ackedTo: number): number {
    this.seen.push(now);
    const newest = this.seen.findLast(({ lastSequence }) => lastSequence <= ackedTo);
    if (newest === undefined) return 0;
    this.seen = this.seen.slice(this.seen.indexOf(newest));
    return newest.atMs;
  }
}
