import { cpuPerOperation, cpuRatio, print, rateRatio, slicesOf, spread, verdict } from './protocol.js';
import type { Rounds } from './protocol.js';

/** One comparison of a report; with a goal it gets a verdict. */
export interface Comparison {
  title: string;
  one: string;
  other: string;
  goal?: number;
}

/** Prints what was measured: rates for the log, ratios with their control for the reader. */
export function report(
  title: string,
  rounds: Rounds,
  control: [string, string],
  comparisons: Comparison[],
): void {
  const hasCpu = [...rounds.values()].flat().every(({ cpuMicros = 0 }) => cpuMicros > 0);
  console.log(title);
  for (const name of rounds.keys()) {
    const slices = slicesOf(rounds, name);
    const rate = spread(slices.map(({ operations, seconds }) => operations / seconds)).median;
    const cpu = `  ${spread(slices.map(cpuPerOperation)).median.toFixed(1).padStart(7)} us CPU each`;
    // what takes seconds is told in thousandths of one
    const told =
      rate < 10 ? `${(1_000 / rate).toFixed(0).padStart(7)} ms` : `${rate.toFixed(0).padStart(7)} /s`;
    console.log(`  ${name.padEnd(24)} ${told}${hasCpu ? cpu : ''}`);
  }
  const same = rateRatio(rounds, ...control);
  const byCpu = (one: string, other: string): string =>
    hasCpu ? `by CPU ${print(cpuRatio(rounds, one, other))}` : 'CPU time was not taken';
  console.log(`  control: ${print(same)}, ${byCpu(...control)}`);
  for (const { title: name, one, other, goal } of comparisons) {
    const measured = rateRatio(rounds, one, other);
    const said = goal === undefined ? '' : `  ${verdict(same, measured, goal)}`;
    console.log(`  ${name}: ${print(measured)}${said}`);
    if (hasCpu) console.log(`    ${byCpu(one, other)}`);
  }
}
