/** A process that holds nothing but the agent's driver: syncs SERVICES services, and tells what that took and what it holds. */
import { startDriver, syncByDriver } from '../sync.ways.js';
import { makeSynced, type Synced } from '../synced.services.js';

/** Of one size. */
export interface Holding {
  synced: Synced;
  seconds: number;
  /** CPU time of the process for the sync, microseconds. */
  cpuMicros: number;
  /** MiB of the process before any service was there, and with all of them. */
  rssBefore: number;
  rss: number;
  /** MiB of JavaScript objects and buffers after a full collection. */
  retained: number;
}

const MIB = 1_048_576;
const collect = (): void => globalThis.gc?.();
const rssMiB = (): number => process.memoryUsage().rss / MIB;
const synced = makeSynced(Number(process.env['SERVICES']));
const { driver, stop } = await startDriver(process.env['KUBECONFIG'] ?? '', synced);
collect();
const rssBefore = rssMiB();
const before = process.cpuUsage();
const began = performance.now();
await syncByDriver(driver, synced);
const seconds = (performance.now() - began) / 1_000;
const { user, system } = process.cpuUsage(before);
const rss = rssMiB();
collect();
const { heapUsed, external } = process.memoryUsage();
const told: Holding = {
  ...{ synced, seconds, cpuMicros: user + system, rssBefore, rss },
  retained: (heapUsed + external) / MIB,
};
await stop();
process.send?.(told, () => process.disconnect());
