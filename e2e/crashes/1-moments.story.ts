import { HUB, type ProcessName } from '../support/faults.js';
import { Storm } from '../support/invariants.js';
import { crashRuns, crashSeed, seededNumbers } from '../support/chance.js';

const RUNS = 50 * crashRuns();
/** Between the beginnings of two faults, ms at most. */
const LONGEST_REST_MS = 2_000;
const PAUSE_MS = { least: 1_000, most: 6_000 };

interface Fault {
  name: ProcessName;
  isKill: boolean;
}
const EACH: Fault[] = HUB.flatMap((name) => [true, false].map((isKill) => ({ name, isKill })));

describe('anything of the hub dies or stands still at any moment', () => {
  const seed = crashSeed();
  const next = seededNumbers(seed);
  const busy = new Map<string, Promise<void>>();
  /** Each of them comes once, in any order; then whatever comes. */
  const due = [...EACH];

  async function draw(): Promise<Fault> {
    for (;;) {
      const free = (due.length > 0 ? due : EACH).filter(({ name }) => !busy.has(name));
      const drawn = free[Math.floor(next() * free.length)];
      if (drawn) {
        due.splice(due.indexOf(drawn), 1);
        return drawn;
      }
      await Promise.race(busy.values());
    }
  }

  it(`${RUNS} times (seed ${seed}), and no request fails, no deploy and no record is lost`, async () => {
    const storm = await Storm.begin('moments');
    const { faults, traffic } = storm;
    await storm.through(async () => {
      for (let run = 0; run < RUNS; run += 1) {
        const { name, isKill } = await draw();
        const pauseMs = Math.round(PAUSE_MS.least + next() * (PAUSE_MS.most - PAUSE_MS.least));
        const restMs = next() * LONGEST_REST_MS;
        const fault = isKill ? faults.kill(name) : faults.pause(name, pauseMs);
        busy.set(
          name,
          fault.finally(() => busy.delete(name)),
        );
        await new Promise((resolve) => setTimeout(resolve, restMs));
      }
      await Promise.all(busy.values());
      expect(due).toEqual([]);
      const { requests, operations } = await storm.settle();
      expect(traffic.failed).toEqual([]);
      const failed = operations.flatMap(({ error }) => error?.code ?? []);
      console.log(
        `${RUNS} faults, seed ${seed}: ${requests} requests, 0 failed; ${operations.length} operations, failed: ${failed.join(', ') || 'none'}`,
      );
    });
  });
});
