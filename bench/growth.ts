import { judged, quantile } from './protocol.js';

/** Costs of the same work at one size, in any unit. */
export interface Point {
  size: number;
  costs: readonly number[];
}

/** The slope of cost over size, both as logarithms, through the medians: 1 is a cost in proportion. */
export function slopeOf(points: readonly Point[]): number {
  const logs = points.map(({ size, costs }) => [Math.log(size), Math.log(median(costs))] as const);
  const mean = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0) / list.length;
  const [x, y] = [mean(logs.map(([size]) => size)), mean(logs.map(([, cost]) => cost))];
  const over = logs.reduce((sum, [size, cost]) => sum + (size - x) * (cost - y), 0);
  return over / logs.reduce((sum, [size]) => sum + (size - x) ** 2, 0);
}

/** The slope with its sizes, and whether it is at most the goal. */
export function logLogSlope(points: readonly Point[], goal: number): string {
  const slope = slopeOf(points);
  const sizes = points.map(({ size }) => size).join(', ');
  return `slope ${slope.toFixed(3)} over sizes ${sizes}  ${judged(slope <= goal)} (goal at most ${goal})`;
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}
