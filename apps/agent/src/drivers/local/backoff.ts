/** How long to wait after the n-th failure in a row (n >= 1): base, doubled each time, at most max. In ms. */
export function backoffMs(failures: number, baseMs: number, maxMs: number): number {
  return Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
}

/** Failures in a row of one revision, and when it may be started again. */
export class Failures {
  count = 0;
  retryAt = 0;

  constructor(
    private readonly baseMs: number,
    private readonly maxMs: number,
  ) {}

  add(now: number): void {
    this.count += 1;
    this.retryAt = now + backoffMs(this.count, this.baseMs, this.maxMs);
  }

  clear(): void {
    this.count = 0;
    this.retryAt = 0;
  }

  mayStart(now: number): boolean {
    return now >= this.retryAt;
  }
}
