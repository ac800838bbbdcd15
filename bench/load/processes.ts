import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Count, Order } from './generator.js';

/** The load generator in its own process. */
export class Generator {
  readonly #child = fork(new URL('./generator.js', import.meta.url));

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async run(order: Order): Promise<Count> {
    this.#child.send(order);
    const [count] = (await once(this.#child, 'message')) as [Count];
    return count;
  }

  stop(): Promise<void> {
    return end(this.#child);
  }
}

/** A process that serves HTTP on a port of 127.0.0.1. */
export interface Server {
  port: number;
  pid: number;
  stop(): Promise<void>;
}

export function startUpstream(): Promise<Server> {
  return startForked('./upstream.js');
}

/** Starts a module of this folder, which sends its port once it serves. */
export async function startForked(module: string, env: Record<string, string> = {}): Promise<Server> {
  const child = fork(new URL(module, import.meta.url), { env: { ...process.env, ...env } });
  const [port] = (await once(child, 'message')) as [number];
  return { port, pid: child.pid ?? 0, stop: () => end(child) };
}

/** Starts a process of ours as an installation does, and waits for its ready line. BENCH_PROFILE: folder for CPU profiles. */
export async function startApp(
  app: string,
  env: Record<string, string>,
  inspectPort?: number,
): Promise<Server> {
  const main = new URL(`../../apps/${app}/src/main.js`, import.meta.url).pathname;
  const profile = process.env['BENCH_PROFILE'];
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const inspecting =
    inspectPort === undefined ? [] : [`--inspect=127.0.0.1:${inspectPort}`, '--inspect-publish-uid=http'];
  const child = spawn(process.execPath, [...profiling, ...inspecting, '--enable-source-maps', main], {
    env: { PATH: process.env['PATH'], TOWPATH_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${app} ended with ${code} before it was ready`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.includes('"event":"ready"')) {
        if (/"level":[56]0/.test(line)) console.error(line);
        return;
      }
      const { port } = JSON.parse(line) as { port: number };
      resolve({ port, pid: child.pid ?? 0, stop: () => end(child) });
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, 'exit');
  child.kill();
  await exit;
}
