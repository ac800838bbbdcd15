/**
 * How many instances a revision should have: the rules of Knative's pod autoscaler (KPA), on concurrency, as a pure
 * function of samples. Source: knative/serving pkg/autoscaler/scaling/autoscaler.go and
 * pkg/reconciler/autoscaling/kpa/scaler.go at v1.23.
 */
export interface ScalingRules {
  /** Requests in flight one instance should have: the limit times the target utilization. At least 0.01. */
  targetConcurrency: number;
  stableWindowMs: number;
  panicWindowMs: number;
  /** Panic begins when the panic window wants at least this many times the ready instances. */
  panicThreshold: number;
  /** In one decision at most this many times the ready instances. */
  maxScaleUpRate: number;
  /** In one decision at least the ready instances divided by this. */
  maxScaleDownRate: number;
  /** The last instance stays at least this long after it was started, and after its last request. */
  scaleToZeroGraceMs: number;
  minInstances: number;
  /** 0 = no bound, as in Knative. */
  maxInstances: number;
}

/** Mean number of requests in flight or waiting, over the span that ended at `at` (ms). */
export interface ScalingSample {
  at: number;
  concurrency: number;
}

/** What a decision needs to know about former ones. Start with `CALM`. */
export interface ScalingState {
  /** Last time (ms) the panic threshold was crossed, while in panic. */
  panicAt?: number;
  /** The highest wish since the panic began; in panic nothing is scaled down. */
  panicInstances: number;
  /** Since when (ms) there has been at least one instance. */
  activeSince?: number;
}

export interface ScalingDecision {
  instances: number;
  state: ScalingState;
}

export const CALM: ScalingState = { panicInstances: 0 };

/** Knative's defaults (config-autoscaler), with the stable window and the revision's own numbers given. */
export function scalingRules(given: {
  concurrency: number;
  stableWindowMs: number;
  minInstances: number;
  maxInstances: number;
  /** Length of one sample; the panic window is never shorter. */
  sampleMs: number;
}): ScalingRules {
  return {
    targetConcurrency: Math.max(0.01, given.concurrency * 0.7),
    stableWindowMs: given.stableWindowMs,
    panicWindowMs: Math.max(given.sampleMs, given.stableWindowMs * 0.1),
    panicThreshold: 2,
    maxScaleUpRate: 1000,
    maxScaleDownRate: 2,
    scaleToZeroGraceMs: 0,
    minInstances: given.minInstances,
    maxInstances: given.maxInstances,
  };
}

/** Mean of the samples that end within `windowMs` before `now`; 0 when there is none. */
export function windowMean(samples: readonly ScalingSample[], now: number, windowMs: number): number {
  let sum = 0;
  let count = 0;
  for (let i = samples.length - 1; i >= 0; i--) {
    const sample = samples[i] as ScalingSample;
    if (sample.at <= now - windowMs) break;
    sum += sample.concurrency;
    count += 1;
  }
  return count === 0 ? 0 : sum / count;
}

/**
 * Decides once. `samples` are in order of time and reach back at least one stable window; `ready` is the number of
 * instances that serve now. The caller keeps `state` for the next decision.
 */
export function decideScale(
  now: number,
  samples: readonly ScalingSample[],
  ready: number,
  state: ScalingState,
  rules: ScalingRules,
): ScalingDecision {
  const base = Math.max(1, ready);
  const wish = (windowMs: number) => Math.ceil(windowMean(samples, now, windowMs) / rules.targetConcurrency);
  const reachable = (wished: number) =>
    Math.min(
      Math.max(wished, Math.floor(base / rules.maxScaleDownRate)),
      Math.ceil(base * rules.maxScaleUpRate),
    );

  const panicWish = wish(rules.panicWindowMs);
  const stable = reachable(wish(rules.stableWindowMs));
  const panic = panicOf(now, panicWish / base >= rules.panicThreshold, state, rules);
  let instances = stable;
  if (panic.panicAt !== undefined) {
    panic.panicInstances = Math.max(panic.panicInstances, stable, reachable(panicWish));
    instances = panic.panicInstances;
  }
  const activeSince = ready > 0 ? (state.activeSince ?? now) : undefined;
  if (instances === 0 && ready > 0 && keepsLast(now, samples, activeSince ?? now, rules)) instances = 1;
  return {
    instances: bounded(instances, rules),
    state: { ...panic, ...(activeSince === undefined ? {} : { activeSince }) },
  };
}

/** Panic begins and is prolonged by crossing the threshold, and ends one stable window after the last crossing. */
function panicOf(now: number, crossed: boolean, state: ScalingState, rules: ScalingRules): ScalingState {
  if (crossed) return { panicAt: now, panicInstances: state.panicInstances };
  if (state.panicAt === undefined || now - state.panicAt > rules.stableWindowMs) return { panicInstances: 0 };
  return { panicAt: state.panicAt, panicInstances: state.panicInstances };
}

/** A revision that just came up is given a whole window of calm before its last instance goes. */
function keepsLast(
  now: number,
  samples: readonly ScalingSample[],
  activeSince: number,
  rules: ScalingRules,
): boolean {
  const calmFor = rules.stableWindowMs + rules.scaleToZeroGraceMs;
  return now - activeSince < calmFor || samples.some((s) => s.concurrency > 0 && s.at > now - calmFor);
}

function bounded(instances: number, rules: ScalingRules): number {
  const atLeast = Math.max(instances, rules.minInstances);
  return rules.maxInstances > 0 ? Math.min(atLeast, rules.maxInstances) : atLeast;
}
