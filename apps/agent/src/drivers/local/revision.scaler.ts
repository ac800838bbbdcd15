import {
  CALM,
  decideScale,
  scalingRules,
  type Clock,
  type ScalingSample,
  type ScalingState,
} from '#libs/domain';
import type { InstancePool } from './instance.pool.js';

/** Samples one revision's demand and asks the autoscaler's rules. */
export class RevisionScaler {
  minInstances = 0;
  private samples: ScalingSample[] = [];
  private state: ScalingState = CALM;

  constructor(
    private readonly pool: InstancePool,
    private readonly clock: Clock,
    private readonly given: { concurrency: number; maxInstances: number; windowMs: number; tickMs: number },
  ) {}

  /** Takes a sample and tells how many instances there should be. @param ready instances that serve now */
  decide(ready: number): number {
    const now = this.clock.now();
    const { concurrency, maxInstances, windowMs, tickMs } = this.given;
    this.samples.push({ at: now, concurrency: this.pool.takeSample() });
    const kept = this.samples.findIndex((sample) => sample.at > now - windowMs);
    if (kept > 0) this.samples.splice(0, kept);
    const rules = scalingRules({
      concurrency,
      stableWindowMs: windowMs,
      minInstances: this.minInstances,
      maxInstances,
      sampleMs: tickMs,
    });
    const { instances, state } = decideScale(now, this.samples, ready, this.state, rules);
    this.state = state;
    return instances;
  }
}
