import { operationSubject, type Bus } from '#libs/bus';

/** What one that waits hears of one operation. */
export interface Moves {
  /** Resolves when it has moved since the last call, and at the latest after `ms` or when the signal aborts. */
  next(ms: number, signal?: AbortSignal): Promise<void>;
  /** Listens no more. */
  end(): void;
}

/**
 * Hears which operations have moved, for all that wait in this process. At most once, so whoever waits also looks from time
 * to time.
 */
export class OperationMoves {
  private readonly waiting = new Map<string, Set<Ear>>();
  private readonly unsubscribe: () => void;

  constructor(bus: Pick<Bus, 'subscribe'>) {
    const prefix = operationSubject('');
    this.unsubscribe = bus.subscribe(operationSubject('*'), (subject) => {
      for (const ear of this.waiting.get(subject.slice(prefix.length)) ?? []) ear.hear();
      return Promise.resolve();
    });
  }

  /** Listens from now on: what moves between two calls of `next` is not missed. */
  of(operationId: string): Moves {
    const ears = this.waiting.get(operationId) ?? new Set();
    this.waiting.set(operationId, ears);
    const ear = new Ear(() => {
      ears.delete(ear);
      if (ears.size === 0 && this.waiting.get(operationId) === ears) this.waiting.delete(operationId);
    });
    ears.add(ear);
    return ear;
  }

  /** How many operations somebody waits for. */
  get size(): number {
    return this.waiting.size;
  }

  close(): void {
    this.unsubscribe();
  }
}

class Ear implements Moves {
  private moved = false;
  private wake: (() => void) | undefined;

  constructor(readonly end: () => void) {}

  hear(): void {
    this.moved = true;
    this.wake?.();
  }

  next(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this.moved = false;
        this.wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done);
      this.wake = done;
      if (this.moved || signal?.aborted === true) done();
    });
  }
}
