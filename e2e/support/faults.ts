import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { childrenOf, signal } from './processes.js';
import type { Platform } from './tenant.js';
import { until } from './until.js';

/** What may be killed or paused under traffic without a request failing. */
export const HUB = ['api', 'identity', 'deployer', 'billing', 'gateway', 'nats', 'postgres'] as const;
type Replicated = Exclude<(typeof HUB)[number], 'nats' | 'postgres'>;
/** The second replica of a process is called `<name>-2`. */
export type ProcessName = (typeof HUB)[number] | 'agent' | `${Replicated}-2`;

/** How long parts of a platform stand still at once: ten minutes by night (npm run test:nightly). */
export const STILL_MS = Number(process.env['TOWPATH_STILL_SECONDS'] ?? 60) * 1_000;

/** What the next start of a process is given (tools/faults.mjs). */
export interface Planted {
  env?: Record<string, string>;
  /** Port of this machine -> the port that is dialled instead. */
  ports?: Record<number, number>;
}

interface Run {
  pids: Record<string, number>;
  ports: Record<string, number>;
  urls: Record<string, string>;
}

/** A machine that is busy has taken a quarter of a minute for each start, and what it needs dies meanwhile. */
const BACK_MS = 150_000;

/** Kills, pauses and plants; the list of what was done is printed when a story fails. */
export class Faults {
  readonly done: string[] = [];
  private readonly began = Date.now();

  constructor(
    private readonly platform: Platform,
    private readonly folder: string = process.env['TOWPATH_FAULTS_DIR'] ?? '',
  ) {}

  get run(): Run {
    return JSON.parse(readFileSync(path.join(this.platform.dataDir, 'run.json'), 'utf8')) as Run;
  }

  pid(name: ProcessName): number {
    return this.run.pids[name] ?? 0;
  }

  /** SIGKILL; resolves when the process is there again and serves. */
  async kill(name: ProcessName): Promise<void> {
    const pid = this.pid(name);
    this.note(`kill ${name}`);
    signal(pid, 'SIGKILL');
    await this.replaced(name, pid);
    await this.serves(name);
  }

  /** SIGSTOP to it and what it started, SIGCONT after so long: the pause is the fault. */
  async pause(name: ProcessName, ms: number): Promise<void> {
    this.note(`pause ${name} ${ms} ms`);
    // PostgreSQL's sessions are processes of their own
    const pids = [this.pid(name), ...childrenOf(this.pid(name))];
    for (const pid of pids) signal(pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, ms));
    for (const pid of pids) signal(pid, 'SIGCONT');
    await this.serves(name);
  }

  /** Does something while it stands still; a process that was killed meanwhile comes back by itself. */
  async while(name: ProcessName, what: string, work: (pid: number) => void): Promise<void> {
    const pid = this.pid(name);
    this.note(`${name} ${what}`);
    signal(pid, 'SIGSTOP');
    try {
      work(pid);
    } finally {
      signal(pid, 'SIGCONT');
    }
    await this.serves(name);
  }

  /** Kills it, and gives its next life a fault. Resolves with that life's pid, which may be over by then. */
  restartWith(name: ProcessName, planted: Planted): Promise<number> {
    const file = path.join(this.folder, `${name}.json`);
    writeFileSync(`${file}.new`, JSON.stringify(planted));
    renameSync(`${file}.new`, file);
    this.note(`kill ${name}, its next life with ${JSON.stringify(planted)}`);
    const pid = this.pid(name);
    signal(pid, 'SIGKILL');
    return this.replaced(name, pid);
  }

  /** Resolves with the pid of the process that took the place of that one. */
  replaced(name: ProcessName, pid: number): Promise<number> {
    return until(`another process ${name} than ${pid}`, BACK_MS, () => {
      const now = this.pid(name);
      return Promise.resolve(now !== pid && now !== 0 && now);
    });
  }

  /** Resolves when its port answers; an app's /healthz says whatever it says. */
  async serves(name: ProcessName): Promise<void> {
    const { ports, urls } = this.run;
    if (name === 'nats' || name === 'postgres')
      await until(`${name} listens`, BACK_MS, () => accepts(ports[name] ?? 0));
    else await until(`${name} serves`, BACK_MS, async () => (await health(urlOf(name, urls))) > 0);
  }

  /** Resolves when everything says it is well. */
  async allWell(): Promise<void> {
    const { urls, pids } = this.run;
    const names = Object.keys(pids).filter((name) => !name.startsWith('envoy')) as ProcessName[];
    for (const name of names) {
      await this.serves(name);
      if (name === 'nats' || name === 'postgres') continue;
      await until(`${name} is healthy`, BACK_MS, async () => (await health(urlOf(name, urls))) === 200);
    }
  }

  /** Whether its /healthz says so; no answer is no. */
  async isWell(name: ProcessName): Promise<boolean> {
    return (await health(urlOf(name, this.run.urls)).catch(() => 0)) === 200;
  }

  note(text: string): void {
    this.done.push(`${((Date.now() - this.began) / 1_000).toFixed(1)} s ${text}`);
  }
}

function urlOf(name: ProcessName, urls: Record<string, string>): string {
  return urls[name.replace('gateway', 'gatewayProcess')] ?? '';
}

async function health(url: string): Promise<number> {
  const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) });
  await answer.arrayBuffer();
  return answer.status;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.setTimeout(2_000, () => socket.destroy(new Error('silent')));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
