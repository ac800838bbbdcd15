import type { Clock } from '#libs/domain';

/** How long an answer of the database is believed, also "there is none": so what ended stops within 5 s. */
const BELIEVED_MS = 3_000;
const MAX_BELIEVED = 10_000;

/** Remembers look-ups for 3 s, a bounded number of them; of many that ask for the same at once, one looks. */
export class Believed<T> {
  private readonly known = new Map<string, { found: Promise<T>; until: number }>();

  constructor(private readonly clock: Clock) {}

  get(name: string, look: () => Promise<T>): Promise<T> {
    const now = this.clock.now();
    const known = this.known.get(name);
    if (known && known.until > now) return known.found;
    const found = look();
    this.known.delete(name);
    if (this.known.size >= MAX_BELIEVED) this.forgetOldest();
    const entry = { found, until: now + BELIEVED_MS };
    this.known.set(name, entry);
    // A failed look-up is no answer.
    found.catch(() => this.known.get(name) === entry && this.known.delete(name));
    return found;
  }

  private forgetOldest(): void {
    const oldest = this.known.keys().next();
    if (!oldest.done) this.known.delete(oldest.value);
  }
}
