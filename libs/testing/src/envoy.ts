import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { testEnvironment } from './environment.js';
import { until } from './until.js';

export interface TestEnvoy {
  pid: number;
  /** Waits until it accepts requests, which it does once it has its first routes. */
  ready(): Promise<void>;
  /** Ends it in order (SIGTERM) or at once (SIGKILL). */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface TestEnvoyOptions {
  bootstrap: string;
  adminPort: number;
  concurrency?: number;
}

/** The real Envoy of the test run with that bootstrap file. Its log is flushed at once, as in production. */
export function startEnvoy({ bootstrap, adminPort, concurrency = 1 }: TestEnvoyOptions): TestEnvoy {
  const flush = ['--file-flush-interval-msec', '20', '--file-flush-min-size-kb', '0'];
  const child = spawn(
    testEnvironment('TEST_ENVOY'),
    [
      '-c',
      bootstrap,
      '--concurrency',
      String(concurrency),
      '--disable-hot-restart',
      '-l',
      'warning',
      ...flush,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-4_000)));
  const exited = once(child, 'exit');
  return {
    pid: child.pid as number,
    ready: async () => {
      const look = async (): Promise<boolean> => {
        if (child.exitCode !== null) throw new Error(`Envoy ended: ${said}`);
        const answer = await fetch(`http://127.0.0.1:${adminPort}/ready`, {
          signal: AbortSignal.timeout(1_000),
        });
        await answer.arrayBuffer();
        return answer.status === 200;
      };
      await until(look, { what: 'Envoy being ready', deadlineMs: 20_000 });
    },
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
    },
  };
}
