import type { Meter } from '../rating/meters.js';
import { coverStretches, stretchesOf, type Stretch } from './instance.time.js';
import { NOTHING_OPEN, type WindowEnds, type WindowFacts, type WindowShape } from './fold.js';
import { demandOf } from './window.demand.js';
import { windowSpan } from './window.js';

/** A stretch of an instance in a window, and what of it a meter counts: whole quanta that open in it. */
export interface InstanceShare extends Stretch {
  ms: bigint;
}

/**
 * What instances bear of what foldWindow counts in a window by a meter of time of instances: the sum of the shares is the window's
 * count. By start; without stretches that count nothing (in another state, or covered by what opened before).
 */
export function instanceSharesOf(
  windowStartMs: number,
  facts: WindowFacts,
  { capacity }: Pick<WindowShape, 'capacity'>,
  meter: Meter,
  carried: WindowEnds = NOTHING_OPEN,
): InstanceShare[] {
  const span = windowSpan(windowStartMs);
  const stretches = stretchesOf(facts.running, demandOf(facts, span).changes, capacity, span);
  const { opened } = coverStretches(meter, stretches, span, carried.lanes);
  return stretches
    .map((stretch, i) => ({ ...stretch, ms: BigInt(opened[i] ?? 0) * BigInt(meter.quantumMs) }))
    .filter(({ ms }) => ms > 0n);
}
