import { judged, print, quantile, spread } from './protocol.js';

/** Work of a quiet organization, alone and beside a noisy one; each gives how long its single pieces took, in ms. */
export interface Quiet {
  name: string;
  alone: () => Promise<number[]>;
  beside: () => Promise<number[]>;
  /** What else is worth knowing about the run. */
  about: () => string;
  stop: () => Promise<unknown>;
}

const GOAL = 1.5;
const p99 = (times: number[]): number =>
  quantile(
    times.toSorted((a, b) => a - b),
    0.99,
  );

/** Rounds of alone, alone again (the control) and beside; prints the ratios of the 99th percentiles. */
export async function measureQuiet(quiet: Quiet, rounds: number): Promise<void> {
  const taken = { alone: [] as number[][], again: [] as number[][], beside: [] as number[][] };
  try {
    await quiet.alone();
    await quiet.beside();
    for (let round = 0; round < rounds; round += 1) {
      // The order changes, so that a drift of the machine hits all alike.
      const order = (['alone', 'again', 'beside'] as const).map(
        (_one, index, all) => all[(index + round) % 3],
      );
      for (const which of order) {
        if (which === undefined) continue;
        taken[which].push(await (which === 'beside' ? quiet.beside() : quiet.alone()));
      }
    }
  } finally {
    await quiet.stop();
  }
  report(quiet, taken);
}

function report(
  quiet: Quiet,
  { alone, again, beside }: Record<'alone' | 'again' | 'beside', number[][]>,
): void {
  const ratios = (one: number[][], other: number[][]): number[] =>
    one.map((times, round) => p99(times) / p99(other[round] ?? []));
  const whole = (slices: number[][]): string => {
    const sorted = slices.flat().toSorted((a, b) => a - b);
    return `p50 ${quantile(sorted, 0.5).toFixed(1)} ms, p99 ${quantile(sorted, 0.99).toFixed(1)} ms, N ${sorted.length}`;
  };
  const measured = spread(ratios(beside, alone));
  const pooled = p99(beside.flat()) / p99([...alone.flat(), ...again.flat()]);
  console.log(`${quiet.name}: ${alone.length} rounds`);
  console.log(`  alone ${whole([...alone, ...again])}`);
  console.log(`  beside a noisy one ${whole(beside)}; ${quiet.about()}`);
  console.log(`  control: p99 alone / alone ${print(spread(ratios(again, alone)))}`);
  console.log(`  p99 beside / alone ${print(measured)}  of all samples ${pooled.toFixed(3)}`);
  console.log(
    `  ${measured.high >= GOAL && measured.median < GOAL ? 'median passed' : judged(measured.high < GOAL)} (goal < ${GOAL})`,
  );
}
