import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface CommandLimits {
  /** Until the command, and everything it started, is killed. */
  timeMs: number;
  /** Characters of output passed on; more ends the command. */
  output: number;
}

export interface CommandResult {
  /** Absent when it ended by itself with code 0. */
  failure?: string;
  /** Its last lines, at most 20. */
  lastLines: string[];
}

const LAST_LINES = 20;
const LINE_LIMIT = 8_192;

/**
 * Runs one command of a build in a process group of its own. Nothing of the group is left when it resolves.
 * @param onLine told every line of output as it comes
 */
export async function runCommand(
  command: readonly string[],
  cwd: string,
  env: Record<string, string>,
  limits: CommandLimits,
  onLine: (text: string) => void,
  signal: AbortSignal,
): Promise<CommandResult> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const lastLines: string[] = [];
  let stopped: string | undefined;
  let characters = 0;
  const stop = (why: string): void => {
    stopped ??= why;
    killGroup(child);
  };
  const take = (line: string): void => {
    const text = line.slice(0, LINE_LIMIT);
    characters += text.length;
    if (characters > limits.output) return stop(`wrote more than ${limits.output} characters of output`);
    lastLines.push(text);
    if (lastLines.length > LAST_LINES) lastLines.shift();
    onLine(text);
  };
  const timer = setTimeout(() => stop(`did not end within ${limits.timeMs / 1000} s`), limits.timeMs);
  const onAbort = (): void => stop('was interrupted');
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  const reading = [readLines(child.stdout, take), readLines(child.stderr, take)];
  const failure = await exitOf(child);
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  // What the command left in the background goes too; it would also hold the pipes open.
  killGroup(child);
  await Promise.all(reading);
  const said = stopped ?? failure;
  return said === undefined ? { lastLines } : { failure: said, lastLines };
}

function exitOf(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      resolve(`could not be started (${error.code ?? 'unknown'})`),
    );
    child.on('exit', (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal ? `was ended by ${signal}` : `ended with code ${code}`);
    });
  });
}

async function readLines(stream: Readable, take: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) take(line);
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing of the group is left.
  }
}
