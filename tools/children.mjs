/** Child processes and ports of the starter: detached, so that Ctrl-C reaches the starter only. */
import { spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** A failure that a person can act on: printed as one sentence, without a stack. */
export class Obstacle extends Error {}

/** Starts `command` in a process group of its own. `env` replaces the environment when given. */
export function spawnDetached(command, args, options = {}) {
  return spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], ...options });
}

export const hasEnded = (child) => child.exitCode !== null || child.signalCode !== null;

/** Resolves when the child has ended; after `graceMs` its whole group is killed. */
export function stopChild(child, signal = 'SIGTERM', graceMs = 15_000) {
  if (hasEnded(child) || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const killer = setTimeout(() => killGroup(child.pid), graceMs);
    child.once('exit', () => {
      clearTimeout(killer);
      resolve();
    });
    child.kill(signal);
  });
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it ended in between
  }
}

/**
 * Resolves with the first line of stdout or stderr that `ready` accepts. Rejects with the last lines
 * when the child ends before, or when `deadlineMs` passes.
 */
export function untilLine(child, what, ready, deadlineMs = 30_000) {
  return new Promise((resolve, reject) => {
    let tail = '';
    const finish = (settle, value) => {
      clearTimeout(timer);
      child.stdout?.off('data', read);
      child.stderr?.off('data', read);
      child.off('exit', ended);
      // keep the pipes flowing: a full pipe would stop the child
      child.stdout?.resume();
      child.stderr?.resume();
      settle(value);
    };
    const read = (data) => {
      tail += data;
      const lines = tail.split('\n');
      for (const line of lines.slice(0, -1)) if (ready(line)) return finish(resolve, line);
      tail = lines.slice(-15).join('\n');
    };
    const ended = (code, signal) =>
      finish(reject, new Obstacle(`${what} ended (${signal ?? code}) before it was ready:\n${tail.trim()}`));
    const timer = setTimeout(
      () =>
        finish(reject, new Obstacle(`${what} was not ready after ${deadlineMs / 1000} s:\n${tail.trim()}`)),
      deadlineMs,
    );
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', ended);
    child.once('error', (error) =>
      finish(reject, new Obstacle(`${what} could not be started: ${error.message}`)),
    );
  });
}

/** The command line of a live process, or '' (also where there is no /proc). */
export function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Ends a process that a killed starter left behind, but only when its command line holds `mark`. */
export async function stopLeftover(pid, mark, signal = 'SIGTERM', graceMs = 10_000) {
  if (!Number.isInteger(pid) || pid <= 1 || !commandLine(pid).includes(mark)) return false;
  const gone = () => !commandLine(pid).includes(mark);
  process.kill(pid, signal);
  if (!(await poll(gone, graceMs))) {
    process.kill(pid, 'SIGKILL');
    await poll(gone, 5_000);
  }
  return true;
}

/** True as soon as `condition` holds, false when `deadlineMs` passes first. */
export async function poll(condition, deadlineMs, everyMs = 25) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    if (await condition()) return true;
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Below what systems give to outgoing connections: a port that is free stays free until its process binds it. */
const QUIET_PORTS = { first: 10_240, last: 32_000 };

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort() {
  const { first, last } = QUIET_PORTS;
  for (;;) {
    const port = randomInt(first, last);
    if (await isPortFree(port)) return port;
  }
}

/** True when `port` can be bound on `host`. */
export function isPortFree(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** Absolute path of a program on PATH, or undefined. */
export function onPath(name) {
  for (const dir of (process.env.PATH ?? '').split(':')) {
    if (dir !== '' && existsSync(`${dir}/${name}`)) return `${dir}/${name}`;
  }
  return undefined;
}

/** stdout of a short command, or undefined when it cannot be run or fails. */
export function outputOf(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  return result.status === 0 ? result.stdout : undefined;
}
