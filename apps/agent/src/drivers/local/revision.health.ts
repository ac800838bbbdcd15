import type { Clock, Condition, Id } from '#libs/domain';
import { Failures } from './backoff.js';
import type { InstanceLedger } from './instance.ledger.js';
import type { LocalSettings } from './local.settings.js';
import {
  CRASH_LOOP,
  failedCondition,
  readyCondition,
  startingCondition,
  type StartFailure,
} from './ready.condition.js';
import { startFailed, type Refusal } from './refusal.js';

export interface HealthParts {
  settings: LocalSettings;
  clock: Clock;
  ledger: InstanceLedger;
  onChange: () => void;
}

/** What is known of a revision's starts: its `Ready` condition, its failures in a row, and when it may be tried again. */
export class RevisionHealth {
  ready: Condition;
  /** A revision is started once to learn whether it can be; from then on demand alone decides. */
  proven: boolean;
  /** What a request is told while there is no hope of an instance. */
  refusal: Refusal | undefined;
  private readonly failures: Failures;

  constructor(
    private readonly revisionId: Id<'rev'>,
    private readonly parts: HealthParts,
  ) {
    const { settings, clock, ledger } = parts;
    this.failures = new Failures(settings.backoffBaseMs, settings.backoffMaxMs);
    this.proven = ledger.wasReady(revisionId);
    this.ready = this.proven ? readyCondition(clock.now()) : startingCondition(clock.now());
  }

  /** Whether it was tried often enough to stop trying without demand. */
  get givenUp(): boolean {
    return !this.proven && this.failures.count >= this.parts.settings.startAttempts;
  }

  get failing(): boolean {
    return this.failures.count > 0;
  }

  /** False during the back-off after a failure. */
  mayStart(): boolean {
    return this.failures.mayStart(this.parts.clock.now());
  }

  /** An instance opened its port. */
  opened(): void {
    if (!this.proven) {
      this.proven = true;
      this.failures.clear();
      this.parts.ledger.markReady(this.revisionId);
    }
    if (!this.failing) this.turn(readyCondition(this.parts.clock.now()));
  }

  /** An instance lived long enough to end a row of failures. */
  settled(): void {
    this.failures.clear();
    this.turn(readyCondition(this.parts.clock.now()));
  }

  startHasFailed(failure: StartFailure): void {
    this.failures.add(this.parts.clock.now());
    // Trying again would take as long and end the same.
    if (failure.reason === 'StartTimeout' && !this.proven)
      this.failures.count = this.parts.settings.startAttempts;
    this.failed(failure);
  }

  /** @param livedMs how long the instance served */
  hasCrashed(failure: StartFailure, livedMs: number): void {
    const now = this.parts.clock.now();
    if (livedMs >= this.parts.settings.settleMs) this.failures.clear();
    else this.failures.add(now);
    // The first end in a row is no loop: what waits gets a new instance at once.
    if (this.failures.count <= 1) this.failures.retryAt = now;
    this.failed(failure);
  }

  /** One failure of a revision that was ready before is an accident, a row of them its state. */
  private failed(failure: StartFailure): void {
    this.refusal = startFailed(failure.reason);
    if (this.proven && this.failures.count < CRASH_LOOP) return;
    this.turn(failedCondition(this.parts.clock.now(), failure, this.failures.count));
  }

  private turn(next: Condition): void {
    const same = this.ready.status === next.status;
    if (same && this.ready.reason === next.reason && this.ready.message === next.message) return;
    this.ready = same ? { ...next, changedAt: this.ready.changedAt } : next;
    this.parts.onChange();
  }
}
