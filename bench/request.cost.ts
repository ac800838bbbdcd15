/** What a request of a warm service costs each process of a platform: CPU time, which hardly feels other load on the machine. */
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Order } from './load/generator.js';
import { Generator } from './load/processes.js';

const PER_SECOND = 1_000;
const LOAD_MS = 10_000;
/** Until what was asked is measured, stored and counted. */
const SETTLE_MS = 3_000;
const CONNECTIONS = 16;
const MICROS_PER_TICK = 10_000;

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
  const all = allProcesses();
  const tree = (pid: number): number =>
    [...all].reduce(
      (sum, [child, { parent }]) => (parent === pid ? sum + tree(child) : sum),
      all.get(pid)?.micros ?? 0,
    );
  return new Map(Object.entries(pids).map(([name, pid]) => [name, tree(pid)]));
}

/** Of each process its parent and the CPU time of it and of its children that ended (proc_pid_stat(5)). */
function allProcesses(): Map<number, { parent: number; micros: number }> {
  const found = new Map<number, { parent: number; micros: number }>();
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    try {
      const fields = (readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1) ?? '')
        .split(' ')
        .map(Number);
      const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
      const micros = (user + system + endedUser + endedSystem) * MICROS_PER_TICK;
      found.set(Number(name), { parent: fields[1] ?? 0, micros });
    } catch {
      // It has ended since.
    }
  }
  return found;
}
