import { HUB } from '../support/faults.js';
import { Storm } from '../support/invariants.js';
import { crashRuns, crashSeed, seededNumbers } from '../support/chance.js';

const RUNS = 50 * crashRuns();
/** Between the beginnings of two faults, ms at most. */
const LONGEST_REST_MS = 2_000;
const PAUSE_MS = { least: 1_000, most: 6_000 };

describe('anything of the hub dies or stands still at any moment', () => {
  const seed = crashSeed();

  it(`${RUNS} times (seed ${seed}), and no request fails, no deploy and no record is lost`, async () => {
    const storm = await Storm.begin('moments');
    const { faults, traffic } = storm;
    const next = seededNumbers(seed);
    const busy = new Map<string, Promise<void>>();
    await storm.through(async () => {
      for (let run = 0; run < RUNS; run += 1) {
        const free = HUB.filter((name) => !busy.has(name));
        const name = free[Math.floor(next() * free.length)];
        const pauseMs = Math.round(PAUSE_MS.least + next() * (PAUSE_MS.most - PAUSE_MS.least));
        const isKill = next() < 0.5;
        const restMs = next() * LONGEST_REST_MS;
        if (name === undefined) await Promise.race(busy.values());
        else {
          const fault = isKill ? faults.kill(name) : faults.pause(name, pauseMs);
          busy.set(
            name,
            fault.finally(() => busy.delete(name)),
          );
        }
        await new Promise((resolve) => setTimeout(resolve, restMs));
      }
      await Promise.all(busy.values());
      const { requests, operations } = await storm.settle();
      expect(traffic.failed).toEqual([]);
      const failed = operations.flatMap(({ error }) => error?.code ?? []);
      console.log(
        `${RUNS} faults, seed ${seed}: ${requests} requests, 0 failed; ${operations.length} operations, failed: ${failed.join(', ') || 'none'}`,
      );
    });
  });
});
