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
  console.log(title);
  for (const name of rounds.keys()) {
    const slices = slicesOf(rounds, name);
    const rate = spread(slices.map(({ operations, seconds }) => operations / seconds)).median;
    const cpu = spread(slices.map(cpuPerOperation)).median;
    console.log(
      `  ${name.padEnd(24)} ${rate.toFixed(0).padStart(7)} /s  ${cpu.toFixed(1).padStart(7)} us CPU each`,
    );
  }
  const same = rateRatio(rounds, ...control);
  console.log(`  control: ${print(same)}, by CPU ${print(cpuRatio(rounds, ...control))}`);
  for (const { title: name, one, other, goal } of comparisons) {
    const measured = rateRatio(rounds, one, other);
    const said = goal === undefined ? '' : `  ${verdict(same, measured, goal)}`;
    console.log(`  ${name}: ${print(measured)}${said}`);
    console.log(`    by CPU: ${print(cpuRatio(rounds, one, other))}`);
  }
}
