/** Whoever started it stopped it before it had started: nothing went wrong. */
export class Stopped extends Error {
  constructor() {
    super('stopped while it starts');
    this.name = 'Stopped';
  }
}

/** What a start waits for, however long that takes; it waits no longer once it is stopped. */
export class Milestone {
  private readonly end = Promise.withResolvers<void>();
  private stopped = false;

  constructor() {
    // Nobody may be waiting when it is stopped.
    this.end.promise.catch(() => undefined);
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  reach(): void {
    this.end.resolve();
  }

  /** It will not be reached any more, unless it was. */
  stop(): void {
    this.stopped = true;
    this.end.reject(new Stopped());
  }

  /** Resolves when it is reached. @throws Stopped when it is stopped before */
  passed(): Promise<void> {
    return this.end.promise;
  }
}
