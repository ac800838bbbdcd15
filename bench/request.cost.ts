/** What a request of a warm service costs each process of a platform: CPU time, which hardly feels other load on the machine. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Order } from './load/generator.js';
import { Generator } from './load/processes.js';
import { cpuOfFamily } from './protocol.js';

const PER_SECOND = 1_000;
const LOAD_MS = 10_000;
/** Until what was asked is measured, stored and counted. */
const SETTLE_MS = 3_000;
const CONNECTIONS = 16;

/**
 * Above what each costs at rest, microseconds by name; a process with all that it started.
 * @throws Error when a request fails
 */
export async function requestCosts(
  way: Pick<Order, 'port' | 'requests'>,
  pids: Record<string, number>,
): Promise<Map<string, number>> {
  const generator = new Generator();
  try {
    const rest = await spent(pids, () => pause(LOAD_MS + SETTLE_MS));
    let asked = 0;
    const work = await spent(pids, async () => {
      const order = { ...way, connections: CONNECTIONS, millis: LOAD_MS, perSecond: PER_SECOND };
      const { requests, errors } = await generator.run(order);
      if (errors > 0) throw new Error(`${errors} requests failed`);
      asked = requests;
      await pause(SETTLE_MS);
    });
    const above = (name: string): number => (work.get(name) ?? 0) - (rest.get(name) ?? 0);
    return new Map(Object.keys(pids).map((name) => [name, above(name) / asked]));
  } finally {
    await generator.stop();
  }
}

/** CPU time of each process while something is done. */
async function spent(pids: Record<string, number>, work: () => Promise<void>): Promise<Map<string, number>> {
  const before = cpuOfTrees(pids);
  await work();
  const after = cpuOfTrees(pids);
  return new Map([...after].map(([name, micros]) => [name, micros - (before.get(name) ?? 0)]));
}

function cpuOfTrees(pids: Record<string, number>): Map<string, number> {
  return new Map(Object.entries(pids).map(([name, pid]) => [name, cpuOfFamily(pid)]));
}
