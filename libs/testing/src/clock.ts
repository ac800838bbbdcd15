import type { Clock } from '#libs/domain';

/** A clock that stands still until a test moves it. UTC milliseconds. */
export class SteppedClock implements Clock {
  constructor(private time = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.time;
  }

  /** Moves time on by so many milliseconds. */
  step(ms: number): void {
    this.time += ms;
  }

  /** Puts time to that moment, also back. */
  set(ms: number): void {
    this.time = ms;
  }
}
