import { callHost } from '../e2e/support/gateway.js';
import { until } from '../e2e/support/until.js';
import type { Cores } from './knative.cores.js';
import type { Order } from './load/generator.js';
import type { Generator } from './load/processes.js';
import type { Slice } from './protocol.js';

export const CONNECTIONS = 16;

/** How a service of a cluster is asked. */
export type Way = Pick<Order, 'address' | 'port' | 'requests'>;

export function askOf(host: string): string[] {
  return [`GET / HTTP/1.1\r\nhost: ${host}\r\nuser-agent: bench\r\n\r\n`];
}

export function orderOf(way: Way): Omit<Order, 'millis'> {
  return { ...way, connections: CONNECTIONS };
}

/** Asks that way, as fast as answers come, for so long. @throws where one is not good */
export async function measured(
  generator: Generator,
  { name, way, cores, millis }: { name: string; way: Way; cores: Cores; millis: number },
): Promise<Slice> {
  const before = cores.cpu();
  const { requests, errors } = await generator.run({ ...orderOf(way), millis });
  if (errors > 0) throw new Error(`${name}: ${errors} requests failed`);
  return { operations: requests, seconds: millis / 1_000, cpuMicros: cores.cpu() - before };
}

/** A policy, a route or an endpoint may come late: nothing is measured before each way has answered well. */
export async function answers(generator: Generator, name: string, way: Way): Promise<void> {
  const { address, port, requests } = way;
  const host = /host: (\S+)/.exec(requests[0] ?? '')?.[1] ?? '';
  if (address === undefined)
    await until(`an answer by ${name}`, 60_000, async () => (await callHost(port, host, '/')).status === 200);
  await until(`only good answers by ${name}`, 60_000, async () => {
    const { requests: good, errors } = await generator.run({ ...orderOf(way), millis: 500 });
    return errors === 0 && good > 0;
  });
}
