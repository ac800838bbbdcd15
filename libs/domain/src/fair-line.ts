/** How much may be in work, and how much may wait, at one place where tenants share a worker. */
export interface FairLimits {
  /** In work at a time, of all tenants. */
  width: number;
  /** In work at a time, of one tenant. */
  each: number;
  /** Waiting at a time, of one tenant; without it there is no bound. */
  waiting?: number;
}

/** One tenant in a line: what waits, in the order in which it came, and how much of it is in work. */
interface Place<T> {
  waiting: Set<T>;
  working: number;
}

/**
 * Who is served next: tenants take turns, one item each, so that what one of them brings costs the others no more than a
 * turn. Within a tenant, first come first served. Items are told apart by identity.
 */
export class FairLine<T> {
  // In the order of turns: whoever was served goes to the end.
  private readonly places = new Map<string, Place<T>>();
  private working = 0;
  private waitingItems = 0;

  constructor(private readonly limits: FairLimits) {}

  /** How many items wait, of all tenants. */
  get waiting(): number {
    return this.waitingItems;
  }

  /** Puts an item into its tenant's line; false when that line is full. One that waits already keeps its place. */
  join(tenant: string, item: T): boolean {
    const { waiting } = this.place(tenant);
    if (waiting.has(item)) return true;
    if (waiting.size >= (this.limits.waiting ?? Infinity)) return false;
    waiting.add(item);
    this.waitingItems += 1;
    return true;
  }

  /** Takes an item out of the line before its turn; false when it does not wait. */
  quit(tenant: string, item: T): boolean {
    const place = this.places.get(tenant);
    if (place?.waiting.delete(item) !== true) return false;
    this.waitingItems -= 1;
    this.forget(tenant, place);
    return true;
  }

  /** The item whose turn it is, now in work; undefined when nobody may start. `may` holds single items back. */
  next(may: (item: T) => boolean = () => true): { tenant: string; item: T } | undefined {
    if (this.working >= this.limits.width) return undefined;
    for (const [tenant, place] of this.places) {
      const item = place.working < this.limits.each ? firstOf(place.waiting, may) : undefined;
      if (item === undefined) continue;
      place.waiting.delete(item);
      this.waitingItems -= 1;
      place.working += 1;
      this.working += 1;
      this.places.delete(tenant);
      this.places.set(tenant, place);
      return { tenant, item };
    }
    return undefined;
  }

  /** One of the tenant's items in work has ended. */
  done(tenant: string): void {
    const place = this.places.get(tenant);
    if (place === undefined || place.working === 0) return;
    place.working -= 1;
    this.working -= 1;
    this.forget(tenant, place);
  }

  /** Nothing waits any more; what is in work still is. */
  clear(): void {
    for (const [tenant, place] of [...this.places]) {
      place.waiting.clear();
      this.forget(tenant, place);
    }
    this.waitingItems = 0;
  }

  private place(tenant: string): Place<T> {
    const known = this.places.get(tenant);
    if (known) return known;
    const made = { waiting: new Set<T>(), working: 0 };
    this.places.set(tenant, made);
    return made;
  }

  /** Who neither waits nor works is not remembered. */
  private forget(tenant: string, place: Place<T>): void {
    if (place.working === 0 && place.waiting.size === 0) this.places.delete(tenant);
  }
}

function firstOf<T>(items: Iterable<T>, may: (item: T) => boolean): T | undefined {
  for (const item of items) if (may(item)) return item;
  return undefined;
}
