import { longestMs, mayStayPermitted, permitSize, type CapAccount, type CapMoney } from '#libs/domain';

/** A host that may be given a permit. */
export interface PermitHost {
  host: string;
  /** What a request to it costs at most; undefined while a price is missing. */
  most: () => CapMoney | undefined;
  timeoutSeconds: number;
}

interface Wanted extends PermitHost {
  requests: number;
  /** When a request was asked about last that a permit would have let in. */
  atMs: number;
}

interface Given extends PermitHost {
  id: string;
  requests: number;
  /** What each of its requests may cost. */
  each: CapMoney;
  givenMs: number;
  /** Of its requests, those of which nothing was known at the last look, and when that last changed. */
  left: bigint;
  usedMs: number;
  /** When Envoy first asked about a request beyond it. */
  overMs?: number;
}

interface Parts {
  newId: () => string;
  /** Envoy's route of the host says so from now on; with no requests it asks for each. */
  show: (host: string, permit: { id: string; requests: number }) => void;
  /** Monotonic, ms. */
  now: () => number;
}

const FIRST_REQUESTS = 64;
const MOST_REQUESTS = 65_536;
/** A permit that is half used, or used up, sooner is followed by a larger one. */
const SOON_MS = 5_000;
const GROWTH = 4;
/**
 * What is left of a permit that has a successor is held until the longest request under it must have ended: all that is left of
 * former ones meanwhile is at most this part of what nobody may spend yet. With long timeouts, near the cap, Envoy asks instead.
 */
const LEFT_PART = 16n;
/** One that was not used for so long goes back, as far as the log was read: a gateway without its hub reads none. */
const IDLE_MS = 60_000;
/** A wish is forgotten, and a used up permit without a successor taken away, after so long. */
const REST_MS = 1_000;

/**
 * Which hosts of one organization Envoy lets requests in to without asking, and how many. A permit is in the account, at its
 * worst, before Envoy can know of it, and until Envoy has said that it has something else and all let in under it have ended.
 */
export class HostPermits {
  private readonly wanted = new Map<string, Wanted>();
  private readonly given = new Map<string, Given>();
  /** By id: what Envoy may still use until it acknowledges what its route says now. */
  private readonly leaving = new Map<string, Given>();

  constructor(private readonly parts: Parts) {}

  /** What it would take to give all that is wanted. */
  get wish(): CapMoney {
    let sum = 0n;
    for (const { most, requests } of this.wanted.values()) sum += (most() ?? 0n) * BigInt(requests);
    return sum;
  }

  get isHolding(): boolean {
    return this.given.size > 0 || this.leaving.size > 0;
  }

  /** Envoy asked about a request to the host, `over`: beyond the permit of that id. Whether a permit is wanted since. */
  asked(of: PermitHost, over: string | undefined): boolean {
    const atMs = this.parts.now();
    const known = this.wanted.get(of.host);
    if (known) known.atMs = atMs;
    const given = this.given.get(of.host);
    // Envoy does not have it yet, or it is known to be over.
    if (given && (given.id !== over || given.overMs !== undefined)) return false;
    if (known && !given) return false;
    this.wanted.set(of.host, { ...of, atMs, requests: given ? nextSize(given, atMs) : FIRST_REQUESTS });
    if (given) given.overMs = atMs;
    return true;
  }

  /** Gives what is wanted, as far as it is allowed and others find something too. `free`: what nobody may spend yet. */
  give(account: CapAccount, free: CapMoney): void {
    for (const [host, { atMs: _at, ...of }] of this.wanted) {
      const each = of.most();
      if (each === undefined) continue;
      const size = permitSize(account, { free, each, wanted: BigInt(of.requests) });
      if (size <= this.unusedOf(host, account)) continue;
      const id = this.parts.newId();
      if (!account.permit(id, size, each)) continue;
      const requests = Number(size);
      this.leave(host);
      const now = this.parts.now();
      this.given.set(host, { ...of, id, requests, each, givenMs: now, left: size, usedMs: now });
      this.parts.show(host, { id, requests });
    }
  }

  /** Takes back what is too much, too cheap, unused or used up; what is half used wants a successor before Envoy has to ask. */
  review(account: CapAccount, free: CapMoney): void {
    const now = this.parts.now();
    for (const [host, { atMs }] of this.wanted) if (now - atMs >= REST_MS) this.wanted.delete(host);
    const isNear = !mayStayPermitted(account, free);
    for (const given of this.given.values()) {
      const { id, host, most, each, overMs = Infinity } = given;
      const left = account.leftOf(id);
      if (left !== given.left) this.used(given, left, free);
      const isCheap = (most() ?? each) > each;
      if (isNear || isCheap || account.readMs - given.usedMs >= IDLE_MS || now - overMs >= REST_MS)
        this.take(host);
    }
  }

  private used(given: Given, left: bigint, free: CapMoney): void {
    const atMs = this.parts.now();
    Object.assign(given, { left, usedMs: atMs });
    const { host, most, timeoutSeconds, requests } = given;
    if (left * 2n > BigInt(requests) || this.wanted.has(host)) return;
    if (leftBehind(given, atMs) * LEFT_PART > free) return;
    this.wanted.set(host, { host, most, timeoutSeconds, atMs, requests: nextSize(given, atMs) });
  }

  /** What of the host's permit is there to use, as far as is known; nothing once Envoy asks beyond it. */
  private unusedOf(host: string, account: CapAccount): bigint {
    const given = this.given.get(host);
    return given === undefined || given.overMs !== undefined ? 0n : account.leftOf(given.id);
  }

  /** Nothing is let in to the host without a question any more, once Envoy has its new route. */
  take(host: string): void {
    if (this.leave(host)) this.parts.show(host, { id: this.parts.newId(), requests: 0 });
  }

  takeAll(): void {
    for (const host of this.given.keys()) this.take(host);
  }

  /** The host's route is another one, which says so itself; what was wished for it is of the former. */
  leave(host: string): boolean {
    this.wanted.delete(host);
    const former = this.given.get(host);
    if (former) this.leaving.set(former.id, former);
    return this.given.delete(host);
  }

  /** Envoy acknowledged what `isCurrent` says it has as it should be. */
  settled(account: CapAccount, isCurrent: (host: string) => boolean): void {
    for (const { id, host, timeoutSeconds } of this.leaving.values()) {
      if (!isCurrent(host)) continue;
      account.retire(id, this.parts.now() + longestMs(timeoutSeconds));
      this.leaving.delete(id);
    }
  }
}

/** A permit that was soon over is followed by a larger one. */
function nextSize({ requests, givenMs }: Given, atMs: number): number {
  return atMs - givenMs < SOON_MS ? Math.min(requests * GROWTH, MOST_REQUESTS) : requests;
}

/** What would be held of permits that are followed as soon as this one now, at any time. */
function leftBehind({ left, each, timeoutSeconds, givenMs }: Given, atMs: number): CapMoney {
  const everyMs = Math.max(1, Math.round(atMs - givenMs));
  return (left * each * BigInt(longestMs(timeoutSeconds))) / BigInt(everyMs);
}
