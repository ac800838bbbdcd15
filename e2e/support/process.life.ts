import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { until } from './until.js';

const ROOT = path.join(import.meta.dirname, '../..');
const READY_MS = 60_000;
const LAST_WORDS = 2_000;

/** One life of a process of the hub, from its start to its end; stories see how it ends. */
export class ProcessLife {
  private said = '';

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (part: Buffer) => (this.said = (this.said + part.toString()).slice(-100_000)));
  }

  /** Resolves when it is ready, or has ended before (a crash point may be that early). */
  static async begin(name: string, env: Record<string, string>): Promise<ProcessLife> {
    const args = ['--enable-source-maps', path.join(ROOT, `dist/apps/${name}/src/main.js`)];
    const cache = path.join(ROOT, 'node_modules/.cache/compile');
    const known = { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: cache, ...env };
    const life = new ProcessLife(name, spawn(process.execPath, args, { cwd: ROOT, env: known }));
    await life.when('is ready', () => life.port > 0 || life.hasEnded);
    if (life.child.exitCode !== null) throw new Error(`${name} ended:\n${life.lastWords}`);
    return life;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when it has been killed; another end is a failure. */
  async killed(): Promise<void> {
    await this.when('is killed', () => this.hasEnded);
    if (this.child.signalCode !== 'SIGKILL')
      throw new Error(`${this.name} ended by itself:\n${this.lastWords}`);
  }

  /** Resolves when it stands still. */
  async stopped(): Promise<void> {
    await this.when('stands still', () => {
      if (this.hasEnded) return true;
      const stat = readFileSync(`/proc/${this.child.pid}/stat`, 'latin1');
      return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
    });
    if (this.hasEnded) throw new Error(`${this.name} ended:\n${this.lastWords}`);
  }

  /** Lets it go on after it stood still. */
  goOn(): void {
    this.child.kill('SIGCONT');
  }

  /** Its clock goes to the next of its offsets (TOWPATH_CLOCK_OFFSET_SECONDS). */
  jump(): void {
    this.child.kill('SIGUSR2');
  }

  /** SIGTERM; resolves when it has ended in good order. */
  async end(): Promise<void> {
    this.child.kill('SIGTERM');
    await this.when('ends', () => this.hasEnded);
  }

  /** Ends it whatever state it is in. */
  kill(): void {
    if (!this.hasEnded) this.child.kill('SIGKILL');
  }

  private get port(): number {
    return Number(/"event":"ready","port":(\d+)/.exec(this.said)?.[1] ?? 0);
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private get lastWords(): string {
    return this.said.slice(-LAST_WORDS);
  }

  private async when(what: string, look: () => boolean): Promise<void> {
    try {
      await until(`${this.name} ${what}`, READY_MS, () => Promise.resolve(look()));
    } catch (error) {
      throw new Error(`${(error as Error).message}; it said:\n${this.lastWords}`, { cause: error });
    }
  }
}
