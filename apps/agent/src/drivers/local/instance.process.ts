import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { scanProcesses, signalGroup, signalOne, treeOf } from './host.processes.js';
import { OutputLines } from './output.lines.js';

const KEPT_LINES = 20;
/** How long output may still come after the program itself has ended. */
const LAST_OUTPUT_MS = 250;
const POLL_MS = 20;
const ZOMBIE_CHECK_MS = 200;

export interface ProcessPlan {
  command: readonly string[];
  root: string;
  env: Record<string, string>;
  maxLineLength: number;
  onLine: (stream: 'stdout' | 'stderr', text: string) => void;
}

/** How an instance ended. */
export interface ProcessEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Set when the program could not be started at all. */
  spawnError?: string;
  /** Set when it was ended on purpose, e.g. `OutOfMemory`. */
  endedFor?: string;
  /** The last lines of its output, at most 20. */
  lines: string[];
}

/** One instance as a process group of its own. */
export class InstanceProcess {
  readonly ended: Promise<ProcessEnd>;
  private readonly child: ChildProcess;
  private readonly lines: string[] = [];
  private endedFor: string | undefined;

  constructor(private readonly plan: ProcessPlan) {
    const [program = '', ...args] = plan.command;
    this.child = spawn(program, args, {
      cwd: plan.root,
      env: plan.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.read('stdout', this.child.stdout);
    this.read('stderr', this.child.stderr);
    this.ended = this.watch();
  }

  /** Undefined when the program could not be started. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /** SIGTERM to the group, SIGKILL to what is left of it after the grace. Resolves when nothing is left. */
  async stop(graceMs: number): Promise<void> {
    const { pid } = this;
    if (pid !== undefined) await endGroup(pid, graceMs);
    await this.ended;
  }

  /** Ends it at once; `ended` then tells the reason. */
  kill(reason: string): void {
    this.endedFor = reason;
    if (this.pid !== undefined) killTree(this.pid);
  }

  private read(name: 'stdout' | 'stderr', stream: Readable | null): void {
    const lines = new OutputLines(this.plan.maxLineLength, (text) => {
      this.lines.push(text);
      if (this.lines.length > KEPT_LINES) this.lines.shift();
      this.plan.onLine(name, text);
    });
    stream?.on('data', (chunk: Buffer) => lines.write(chunk));
    stream?.on('error', () => undefined);
    stream?.on('close', () => lines.end());
  }

  private async watch(): Promise<ProcessEnd> {
    const closed = new Promise<void>((resolve) => this.child.once('close', () => resolve()));
    const end = await new Promise<Omit<ProcessEnd, 'lines'>>((resolve) => {
      this.child.once('exit', (code, signal) => resolve({ code, signal }));
      this.child.once('error', (error) =>
        resolve({ code: null, signal: null, spawnError: plainCause(error) }),
      );
    });
    await Promise.race([closed, delay(LAST_OUTPUT_MS, undefined, { ref: false })]);
    // A program that left a child behind may hold the pipes open for ever.
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
    return { ...end, ...(this.endedFor === undefined ? {} : { endedFor: this.endedFor }), lines: this.lines };
  }
}

/** SIGTERM, grace, SIGKILL for a group and everything it started. Resolves when nothing is left of the group. */
export async function endGroup(leader: number, graceMs: number): Promise<void> {
  if (!signalGroup(leader, 'SIGTERM')) return;
  if (await groupGone(leader, graceMs)) return;
  killTree(leader);
  await groupGone(leader, 1000);
}

/** SIGKILL to the leader's group and to whatever left the group but still descends from it. */
export function killTree(leader: number): void {
  const tree = treeOf(leader, scanProcesses());
  signalGroup(leader, 'SIGKILL');
  for (const member of tree) signalOne(member.pid, 'SIGKILL');
}

async function groupGone(leader: number, withinMs: number): Promise<boolean> {
  for (let waited = 0; signalGroup(leader, 0); waited += POLL_MS) {
    if (waited >= withinMs) return false;
    if (waited % ZOMBIE_CHECK_MS === 0 && onlyZombies(leader)) return true;
    await delay(POLL_MS);
  }
  return true;
}

/** Where process 1 does not collect orphans, a dead member keeps its group for ever. */
function onlyZombies(leader: number): boolean {
  return scanProcesses().every((row) => row.group !== leader);
}

function plainCause(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT') return 'the program was not found';
  if (code === 'EACCES') return 'the program may not be executed';
  return code === '' ? 'the system refused to start the program' : `the system refused to start it (${code})`;
}
