import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Count, Order } from './generator.js';

/** The load generator in its own process. */
export class Generator {
  readonly #child = fork(new URL('./generator.js', import.meta.url));

  async run(order: Order): Promise<Count> {
    this.#child.send(order);
    const [count] = (await once(this.#child, 'message')) as [Count];
    return count;
  }

  stop(): Promise<void> {
    return end(this.#child);
  }
}

export interface Upstream {
  port: number;
  stop(): Promise<void>;
}

export async function startUpstream(): Promise<Upstream> {
  const child = fork(new URL('./upstream.js', import.meta.url));
  const [port] = (await once(child, 'message')) as [number];
  return { port, stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill();
  await exit;
}
