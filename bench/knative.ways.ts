import { callHost } from '../e2e/support/gateway.js';
import { until } from '../e2e/support/until.js';
import type { Order } from './load/generator.js';
import type { Generator } from './load/processes.js';

export const CONNECTIONS = 16;

/** How a service of a cluster is asked. */
export type Way = Pick<Order, 'address' | 'port' | 'requests'>;

export function askOf(host: string): string[] {
  return [`GET / HTTP/1.1\r\nhost: ${host}\r\nuser-agent: bench\r\n\r\n`];
}

export function orderOf(way: Way): Omit<Order, 'millis'> {
  return { ...way, connections: CONNECTIONS };
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
