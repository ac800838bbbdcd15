import { truncateSync } from 'node:fs';
import type { Edge } from './envoys.js';
import type { Generator } from './load/processes.js';
import { cpuOf, cpuPerOperation, slicesOf, spread, type Rounds, type Variant } from './protocol.js';

const SLICE_MS = 700;
const CONNECTIONS = 16;

/** What asks an Envoy, and for which hosts. */
export interface Asked {
  generator: Generator;
  hosts: string[];
  /** Where Envoy logs, emptied after each slice; absent when it does not. */
  log?: string;
}

/** As many requests through this Envoy as a slice has time for. */
export function envoyVariant(
  name: string,
  { port, pid, behind = [] }: Edge,
  { generator, hosts, log }: Asked,
): Variant {
  const spent = (): number => [pid, ...behind].reduce((sum, one) => sum + cpuOf(one), 0);
  return {
    name,
    slice: async () => {
      const before = spent();
      const { requests, errors } = await generator.run({
        port,
        requests: hosts.map((host) => `GET / HTTP/1.1\r\nhost: ${host}\r\nuser-agent: bench\r\n\r\n`),
        connections: CONNECTIONS,
        millis: SLICE_MS,
      });
      if (errors > 0) throw new Error(`${name}: ${errors} requests failed`);
      if (log !== undefined) truncateSync(log);
      return { operations: requests, seconds: SLICE_MS / 1_000, cpuMicros: spent() - before };
    },
  };
}

/** How the rounds were made (`about`), and the rate and CPU time of each variant. */
export function printEnvoys(about: string, rounds: Rounds): void {
  console.log(`${about}, slices of ${SLICE_MS} ms, ${CONNECTIONS} connections, one worker each`);
  for (const name of rounds.keys()) {
    const slices = slicesOf(rounds, name);
    const rate = spread(slices.map(({ operations, seconds }) => operations / seconds)).median;
    const cpu = spread(slices.map(cpuPerOperation)).median;
    console.log(
      `  ${name.padEnd(20)} ${rate.toFixed(0).padStart(7)} requests/s  ${cpu.toFixed(1).padStart(6)} us CPU of Envoy a request`,
    );
  }
}
