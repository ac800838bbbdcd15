import type { CapMoney } from './cap.types.js';

/** A request that an account has let in. */
interface Running {
  most: CapMoney;
  /** When it has certainly ended, by the gateway's clock. */
  untilMs: number;
  /** Records of it that have come already. */
  records: string[];
}

const NOT_LET_IN: Running = { most: 0n, untilMs: Infinity, records: [] };

/** A request that has ended and of which the bill does not say everything yet. */
interface Ended {
  cost: CapMoney;
  records: Set<string>;
}

/** So many requests that Envoy lets in without asking. */
interface Permitted {
  most: CapMoney;
  /** Of them, those of which nothing has come yet: not begun, or running. */
  left: bigint;
  /** When the last request under it has certainly ended, once it cannot be used any more. */
  untilMs: number;
}

/** Where a record of a request came from. */
export interface RequestSource {
  /** Under which permit it was let in if it was not asked about; only where it is known to have used one up. */
  permit?: string | undefined;
  /** When a request that goes on has certainly ended, by the gateway's clock. */
  untilMs?: number;
}

/**
 * What one process of a gateway may spend of a cap, and on what. What it holds at any moment (requests that run or may
 * begin without a question, at their worst, and ended ones that the bill does not say yet) is never above what it was
 * allowed, but for requests that it did not let in itself.
 */
export class CapAccount {
  private readonly running = new Map<string, Running>();
  private readonly ended = new Map<string, Ended>();
  private readonly permits = new Map<string, Permitted>();
  private held = 0n;
  private allowed = 0n;
  private read = -Infinity;

  /** What it holds, and cannot give back. */
  get claim(): CapMoney {
    return this.held;
  }

  /** What it may spend in all. */
  get allowance(): CapMoney {
    return this.allowed;
  }

  /** Up to when everything that ended was read, by the gateway's clock. */
  get readMs(): number {
    return this.read;
  }

  /** Whether any request is known that has not been settled. */
  get isIdle(): boolean {
    return this.running.size === 0 && this.ended.size === 0 && this.permits.size === 0;
  }

  get isSettling(): boolean {
    return this.ended.size > 0;
  }

  /** What requests that it need not be asked about cost at their worst. */
  get permitted(): CapMoney {
    let sum = 0n;
    for (const { most, left } of this.permits.values()) sum += most * left;
    return sum;
  }

  /** Names of records, the oldest first, that the bill is not known to say. */
  unsettled(limit: number): string[] {
    const names: string[] = [];
    for (const { records } of this.ended.values()) {
      if (names.length >= limit) break;
      names.push(...records);
    }
    return names.slice(0, limit);
  }

  /** Lets a request in if what it costs at most is still allowed. */
  admit(stream: string, most: CapMoney, untilMs: number): boolean {
    if (this.held + most > this.allowed) return false;
    this.running.set(stream, { most, untilMs, records: [] });
    this.held += most;
    return true;
  }

  /** Lets so many requests in without a question each, if what they cost at most is still allowed. */
  permit(id: string, requests: bigint, most: CapMoney): boolean {
    const cost = most * requests;
    if (this.held + cost > this.allowed) return false;
    this.permits.set(id, { most, left: requests, untilMs: Infinity });
    this.held += cost;
    return true;
  }

  /** How many requests of a permit nothing has come of yet. */
  leftOf(id: string): bigint {
    return this.permits.get(id)?.left ?? 0n;
  }

  /** Nobody is let in under the permit any more; who was has ended by then. */
  retire(id: string, untilMs: number): void {
    const permit = this.permits.get(id);
    if (permit) permit.untilMs = untilMs;
  }

  /** A report of a request that goes on. */
  report(stream: string, record: string, { permit, untilMs = Infinity }: RequestSource = {}): void {
    if (!this.running.has(stream)) this.begin(stream, permit, untilMs);
    this.running.get(stream)?.records.push(record);
  }

  /**
   * A request has ended: it holds only what it cost, until the bill says so; nothing when it cost nothing, and its worst
   * while that is not known.
   */
  end(
    stream: string,
    actual: CapMoney | undefined,
    record: string,
    { permit }: Pick<RequestSource, 'permit'> = {},
  ): void {
    if (!this.running.has(stream)) this.begin(stream, permit);
    const known = this.running.get(stream) ?? NOT_LET_IN;
    this.running.delete(stream);
    this.held -= known.most + (this.ended.get(stream)?.cost ?? 0n);
    this.ended.delete(stream);
    const cost = actual ?? known.most;
    if (cost === 0n) return;
    this.ended.set(stream, { cost, records: new Set([...known.records, record]) });
    this.held += cost;
  }

  /** The bill says these records: what they cost is spent, and may not be spent once more. */
  settle(records: Iterable<string>): void {
    const said = new Set(records);
    for (const [stream, one] of this.ended) {
      for (const name of one.records) if (said.has(name)) one.records.delete(name);
      if (one.records.size > 0) continue;
      this.ended.delete(stream);
      this.held -= one.cost;
      this.allowed -= one.cost;
    }
  }

  /** Everything that ended before was read: what should have ended and did not was never noted, so nobody is asked to pay. */
  readTo(readMs: number): void {
    this.read = readMs;
    for (const [stream, { untilMs, most }] of this.running) {
      if (untilMs >= readMs) continue;
      this.running.delete(stream);
      this.held -= most;
    }
    for (const [id, { untilMs, most, left }] of this.permits) {
      if (untilMs >= readMs) continue;
      this.permits.delete(id);
      this.held -= most * left;
    }
  }

  /** Gives back all that it does not hold; what it may spend is then what this tells, until it is allowed more. */
  giveBack(): CapMoney {
    this.allowed = this.held;
    return this.held;
  }

  /** What it may spend from now on. */
  allow(amount: CapMoney): void {
    this.allowed = amount;
  }

  /** Forgets all requests: nobody is asked to keep to anything. What Envoy may let in stays. */
  forget(): void {
    this.running.clear();
    this.ended.clear();
    this.held = this.permitted;
  }

  /** A request that was not asked about: it is one of those of its permit, if that is known to have any left. */
  private begin(stream: string, id: string | undefined, untilMs = Infinity): void {
    const permit = id === undefined ? undefined : this.permits.get(id);
    if (!permit || permit.left === 0n) return;
    permit.left -= 1n;
    this.running.set(stream, { most: permit.most, untilMs, records: [] });
  }
}
