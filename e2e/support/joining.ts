import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Platform } from './tenant.js';
import { until } from './until.js';

const BIN = path.join(import.meta.dirname, '../../apps/cli/bin/tow.mjs');
const JOINED_MS = 90_000;

/** What an agent is told that joins. */
export interface Joining {
  /** Its data folder, below the platform's, so that nothing is left. */
  folder: string;
  token: string;
  /** Without it the local runtime. */
  kubeconfig?: string;
  /** What else it reads, besides what everybody has. */
  env?: NodeJS.ProcessEnv;
}

/** `tow clusters join` as a person runs it, in a terminal of its own. */
export class Joined {
  private text = '';

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (part: Buffer) => (this.text += part.toString()));
  }

  static begin(at: Platform, name: string, { folder, token, kubeconfig, env = {} }: Joining): Joined {
    const { urls } = JSON.parse(readFileSync(path.join(at.dataDir, 'run.json'), 'utf8')) as {
      urls: { identity: string };
    };
    const words = ['clusters', 'join', name, '--hub', urls.identity, '--token', token, '--no-input'];
    const folders = ['--data', path.join(at.dataDir, folder), '--blobs', path.join(at.dataDir, 'blobs')];
    const where = kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig];
    const operator = { TOW_API_URL: at.apiUrl, TOW_API_KEY: at.operatorKey, NO_COLOR: '1' };
    const child = spawn('node', [BIN, ...words, ...folders, ...where], {
      env: { ...process.env, ...env, ...operator },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    return new Joined(child);
  }

  /** Resolves when it says that it has joined. */
  async works(): Promise<void> {
    await until('it has joined', JOINED_MS, () => {
      if (this.text.includes('has joined and works')) return Promise.resolve(true);
      if (this.hasEnded) throw new Error(this.text);
      return Promise.resolve(false);
    });
  }

  /** Resolves with what it said when it gave up. */
  async refused(): Promise<string> {
    await until('its end', JOINED_MS, () => Promise.resolve(this.hasEnded));
    expect(this.child.exitCode).toBe(1);
    return this.text;
  }

  /** Ctrl-C: to everything of that terminal. */
  async end(): Promise<void> {
    if (this.hasEnded) return;
    const gone = new Promise((resolve) => this.child.once('close', resolve));
    process.kill(-(this.child.pid ?? 0), 'SIGINT');
    await gone;
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}
