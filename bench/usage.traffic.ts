import { usageSubject, type Bus } from '#libs/bus';
import type { UsageRecord } from '#libs/domain';
import { usageOf, type UsedRevision } from '#libs/testing';

/** What a busy gateway ships at once. */
export const ROWS_PER_MESSAGE = 500;
const MINUTE_MS = 60_000;
/** Of 100 records so many came before, and so many are of minutes that were folded long ago. */
const REPEATED = 10;
const LATE = 5;
const LATE_MINUTES = 50;
const BYTES_PER_LINE = 410;

/** What is not usual about traffic. */
interface TrafficShape {
  /** 10 % of what it gives was given before, 5 % is late. */
  mixed?: boolean;
  /** From the start of one request to that of the next, 1 when absent: 1,000 a second. */
  everyMs?: number;
}

/** Requests from a time on, one in fifty refused. */
export class Traffic {
  private position = 0;
  private drawn = 0;
  /** Each record once, however often it was sent. */
  readonly sent: UsageRecord[] = [];

  constructor(
    readonly of: UsedRevision,
    private readonly startMs: number,
    private readonly shape: TrafficShape = {},
  ) {}

  next(count: number): UsageRecord[] {
    return Array.from({ length: count }, () => this.one());
  }

  private one(): UsageRecord {
    const { mixed = false, everyMs = 1 } = this.shape;
    const turn = this.drawn++ % 100;
    const again =
      mixed && turn < REPEATED ? this.sent[Math.floor(this.drawn / 2) % this.sent.length] : undefined;
    if (again) return again;
    const n = this.position++;
    const isLate = mixed && turn >= REPEATED && turn < REPEATED + LATE;
    const lateMs = isLate ? ((n % LATE_MINUTES) + 1) * MINUTE_MS : 0;
    const startMs = this.startMs + n * everyMs - lateMs;
    const refused = n % 50 === 0 ? { reached: false, status: 429, flags: 'RL' } : {};
    const span = { startMs, endMs: startMs + 5 + ((n * 7_919) % 200) };
    const record = usageOf(this.of, n * BYTES_PER_LINE, span, { streamId: crypto.randomUUID(), ...refused });
    this.sent.push(record);
    return record;
  }
}

/** Sends records as a gateway does; gives how many messages they made. */
export async function publishUsage(bus: Bus, records: readonly UsageRecord[]): Promise<number> {
  let messages = 0;
  for (let i = 0; i < records.length; i += ROWS_PER_MESSAGE) {
    const batch = { schemaVersion: 1, records: records.slice(i, i + ROWS_PER_MESSAGE) };
    const subject = usageSubject(batch.records[0]?.gatewayId ?? '');
    await bus.js.publish(subject, new TextEncoder().encode(JSON.stringify(batch)));
    messages += 1;
  }
  return messages;
}
