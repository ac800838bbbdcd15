import type { Clock } from '#libs/domain';
import { DemandMeter } from './demand.meter.js';
import type { Place } from './place.js';
import { queueFull, waitedTooLong, type Refusal } from './refusal.js';

/** A request that waits for a place in an instance. Exactly one of the two is called, once, unless it left. */
export interface Waiter {
  granted(place: Place): void;
  refused(refusal: Refusal): void;
  /** Set by the pool. */
  deadline: number;
}

export interface PoolLimits {
  concurrency: number;
  queueLimit: number;
  queueTimeoutMs: number;
}

/**
 * The places of one revision. It grants each instance at most `concurrency` requests at a time, always the least
 * loaded one, in order of arrival, and holds what finds no place in a bounded queue.
 */
export class InstancePool {
  /** Called when a request begins to wait. */
  onWaiting: (() => void) | undefined;
  /** Set while nothing may wait, e.g. during the back-off after a failed start. */
  gate: (() => Refusal | undefined) | undefined;
  private readonly open: Place[] = [];
  private readonly waiting = new Set<Waiter>();
  private readonly meter: DemandMeter;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly limits: PoolLimits,
    private readonly clock: Clock,
  ) {
    this.meter = new DemandMeter(clock);
  }

  get waitingCount(): number {
    return this.waiting.size;
  }

  /** Requests in flight or waiting now. */
  get demand(): number {
    return this.meter.current;
  }

  /** Mean demand since the last call, for the autoscaler. */
  takeSample(): number {
    return this.meter.take();
  }

  /** A free place for a request that just came, unless others wait or all are full. Give it back by `release`. */
  take(): Place | undefined {
    const place = this.waiting.size === 0 ? this.leastLoaded() : undefined;
    if (place === undefined) return undefined;
    place.active += 1;
    this.meter.begin();
    return place;
  }

  /** Puts a request at the end of the queue; a refusal means it was not put there. */
  wait(waiter: Waiter): Refusal | undefined {
    if (this.waiting.size >= this.limits.queueLimit) return queueFull(this.limits.queueLimit);
    const closed = this.gate?.();
    if (closed !== undefined) return closed;
    waiter.deadline = this.clock.now() + this.limits.queueTimeoutMs;
    this.waiting.add(waiter);
    this.meter.begin();
    this.armTimer();
    this.onWaiting?.();
    return undefined;
  }

  /** A waiting client went away. */
  leave(waiter: Waiter): void {
    if (this.waiting.delete(waiter)) this.meter.end();
  }

  release(place: Place): void {
    place.active -= 1;
    this.meter.end();
    if (this.waiting.size > 0 && this.open.includes(place)) this.grant(place);
    else if (place.active === 0) place.onIdle?.();
  }

  /** The instance serves from now on. */
  add(place: Place): void {
    this.open.push(place);
    for (
      let next = this.leastLoaded();
      next !== undefined && this.waiting.size > 0;
      next = this.leastLoaded()
    ) {
      this.grant(next);
    }
  }

  /** The instance gets no new requests; those in flight go on. */
  withdraw(place: Place): void {
    const at = this.open.indexOf(place);
    if (at !== -1) this.open.splice(at, 1);
  }

  refuseWaiting(refusal: Refusal): void {
    for (const waiter of [...this.waiting]) this.refuse(waiter, refusal);
  }

  private refuse(waiter: Waiter, refusal: Refusal): void {
    this.waiting.delete(waiter);
    this.meter.end();
    waiter.refused(refusal);
  }

  private grant(place: Place): void {
    for (const waiter of this.waiting) {
      this.waiting.delete(waiter);
      // It stays demand; only from waiting to active.
      place.active += 1;
      waiter.granted(place);
      return;
    }
  }

  private leastLoaded(): Place | undefined {
    let best: Place | undefined;
    for (const place of this.open) {
      if (place.active < this.limits.concurrency && (best === undefined || place.active < best.active))
        best = place;
    }
    return best;
  }

  /** All wait equally long, so the first in the queue is always the next to time out. */
  private armTimer(): void {
    if (this.timer !== undefined || this.waiting.size === 0) return;
    const [first] = this.waiting;
    const inMs = Math.max(1, (first as Waiter).deadline - this.clock.now());
    this.timer = setTimeout(() => this.expire(), inMs);
    this.timer.unref();
  }

  /** Refuses what has waited too long. */
  expire(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const now = this.clock.now();
    for (const waiter of this.waiting) {
      if (waiter.deadline > now) break;
      this.refuse(waiter, waitedTooLong(this.limits.queueTimeoutMs));
    }
    this.armTimer();
  }
}
