/** Pieces of work one after the other, in the order in which they came; one that fails does not keep the next from its turn. */
export class Turns {
  private tail: Promise<unknown> = Promise.resolve();

  /** Resolves, or rejects, as the work does when its turn has come. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const done = this.tail.then(work);
    this.tail = done.catch(() => undefined);
    return done;
  }
}
