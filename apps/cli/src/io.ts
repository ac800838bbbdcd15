import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Clock } from '#libs/domain';
import { CliError } from './exit.js';

/** A stream that may be a terminal. */
export type Screen = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
export type Keyboard = NodeJS.ReadableStream & { isTTY?: boolean; setRawMode?: (on: boolean) => unknown };

/** Everything outside the program: passed in, so that a test runs `tow` in its own process. */
export interface Io {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  home: string;
  /** Version of this `tow`. */
  version: string;
  stdin: Keyboard;
  stdout: Screen;
  stderr: Screen;
  clock: Clock;
  /** A number in [0, 1), for jitter. */
  random(): number;
  /** A fresh Idempotency-Key. */
  newKey(): string;
  /** Resolves after `ms`; rejects at once when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `work` every `ms`; the returned function ends it. Keeps no process alive. */
  every(ms: number, work: () => void): () => void;
  /** Runs a tool of the checkout (tools/<tool>.mjs) on this terminal; resolves with its exit code. */
  runTool(tool: 'admin' | 'join', args: readonly string[], env?: Record<string, string>): Promise<number>;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

/** The Io of the running process. */
export function processIo(version: string, signal: AbortSignal): Io {
  return {
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    version,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    clock: { now: () => Date.now() },
    random: Math.random,
    newKey: randomUUID,
    sleep: (ms, aborted) => delay(ms, undefined, aborted ? { signal: aborted } : {}),
    every: repeat,
    runTool,
    signal,
  };
}

/** A timer that keeps no process alive. */
export function repeat(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms).unref();
  return () => clearInterval(timer);
}

const TOOLS = new URL('../../../../tools/', import.meta.url);

const runTool: Io['runTool'] = (tool, args, more = {}) => {
  const file = fileURLToPath(new URL(`${tool}.mjs`, TOOLS));
  if (!existsSync(file)) {
    throw new CliError('NOT_SUPPORTED', 'This tow is only the client: it has no installation beside it.', {
      nextStep: 'Use the tow of the checkout that runs the platform.',
    });
  }
  const env = { ...process.env, ...more, INIT_CWD: process.cwd() };
  const child = spawn(process.execPath, [file, ...args], { stdio: 'inherit', env });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
};
