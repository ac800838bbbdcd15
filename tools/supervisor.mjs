/** Keeps processes running: a dead one is started again with a growing pause; stopping goes in order. */
import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { Obstacle, hasEnded, poll, spawnDetached, stopChild } from './children.mjs';

const FIRST_PAUSE_MS = 200;
/** After so long a life, counted from being ready, the next pause is the first one again. */
const STEADY_MS = 5_000;
/** SIGINT is PostgreSQL's fast shutdown; it would wait for open sessions at SIGTERM. */
const STOP_SIGNALS = { postgres: 'SIGINT' };
const LARGEST_LOG_BYTES = 20_000_000;

export class Supervisor {
  stopping = false;
  /** name -> child process, in the order of starting */
  running = new Map();

  /** `onChange(pids)` is called whenever a process has started. No pause is longer than `longestPauseMs`. */
  constructor({ say, onChange, longestPauseMs }) {
    this.say = say;
    this.onChange = onChange;
    this.longestPauseMs = longestPauseMs;
  }

  pids() {
    return Object.fromEntries([...this.running].map(([name, child]) => [name, child.pid]));
  }

  /**
   * Starts a process and waits until it is ready. `launch(onSpawn)` calls `onSpawn(child)` as soon as there is one,
   * so that an interrupted start leaves nothing behind, and resolves when it is ready.
   */
  async start(name, launch) {
    const launched = await launch((child) => this.#register(name, child));
    this.#watch(name, launch, this.running.get(name));
    return launched;
  }

  /** Ends a process, which is then started again like one that died. */
  restart(name) {
    if (!this.stopping) this.running.get(name)?.kill('SIGTERM');
  }

  /** Stops these together, then the next ones. */
  async stopInOrder(groups) {
    this.stopping = true;
    for (const names of groups) await Promise.all(names.map((name) => this.#stop(name)));
  }

  #register(name, child) {
    this.running.set(name, child);
    if (this.stopping) void this.#stop(name);
    else this.onChange(this.pids());
  }

  #stop(name) {
    const child = this.running.get(name);
    return child === undefined ? undefined : stopChild(child, STOP_SIGNALS[name]);
  }

  #watch(name, launch, child) {
    const since = Date.now();
    const ended = async (code, signal) => {
      if (this.stopping) return;
      this.say(`${name} ended (${signal ?? code}); starting it again`);
      await this.#revive(name, launch, Date.now() - since > STEADY_MS ? FIRST_PAUSE_MS : undefined);
    };
    // it may have ended between being ready and being watched
    if (hasEnded(child)) void ended(child.exitCode, child.signalCode);
    else child.once('exit', (code, signal) => void ended(code, signal));
  }

  #pauses = new Map();

  async #revive(name, launch, pause = this.#pauses.get(name) ?? FIRST_PAUSE_MS) {
    this.#pauses.set(name, Math.min(pause * 2, this.longestPauseMs));
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (this.stopping) return;
    try {
      await this.start(name, launch);
      this.say(`${name} is back`);
    } catch (error) {
      if (this.stopping) return;
      this.say(`${name} could not be started again: ${error.message.split('\n')[0]}`);
      await this.#revive(name, launch);
    }
  }
}

/**
 * Starts a program whose output goes to `logFile`, and waits until it is ready.
 * `isReady(newOutput)` is asked again and again. @throws Obstacle with the end of its log
 */
export async function launchLogged({
  name,
  command,
  args,
  options,
  logFile,
  isReady,
  onSpawn,
  deadlineMs = 60_000,
}) {
  if (existsSync(logFile) && statSync(logFile).size > LARGEST_LOG_BYTES) renameSync(logFile, `${logFile}.1`);
  const log = openSync(logFile, 'a');
  const from = fstatSync(log).size;
  const child = spawnDetached(command, args, { ...options, stdio: ['ignore', log, log] });
  closeSync(log);
  onSpawn(child);
  let failure;
  child.once('error', (error) => (failure = error.message));
  const settled = async () =>
    failure !== undefined || hasEnded(child) || (await isReady(textFrom(logFile, from)));
  const inTime = await poll(settled, deadlineMs, 50);
  if (inTime && failure === undefined && !hasEnded(child)) return { child };
  await stopChild(child);
  const why =
    failure ??
    (inTime ? `ended (${child.signalCode ?? child.exitCode})` : `was not ready after ${deadlineMs / 1000} s`);
  throw new Obstacle(`${name} ${why}; its log ${logFile} ends with:\n${lastLines(textFrom(logFile, from))}`);
}

function textFrom(file, offset) {
  const handle = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(Math.max(0, fstatSync(handle).size - offset));
    return buffer.toString('utf8', 0, readSync(handle, buffer, 0, buffer.length, offset));
  } finally {
    closeSync(handle);
  }
}

const lastLines = (text) => text.trimEnd().split('\n').slice(-8).join('\n');
