import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { temporaryFolder, type TemporaryFolder } from './environment.js';
import { until } from './until.js';

export type ServerName = 'postgres' | 'nats';

const FIRST_START_MS = 110_000;
const START_MS = 60_000;
const STOP_MS = 30_000;
const TOOL = path.resolve(import.meta.dirname, '../../../tools/own-servers.mjs');

interface Facts {
  env: Record<string, string>;
  pids: Record<ServerName, number>;
}

/** PostgreSQL and nats-server that a test may kill: from `start` on, testDatabase and testNats are theirs. */
export class OwnServers {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: TemporaryFolder,
  ) {}

  static async start(): Promise<OwnServers> {
    const folder = temporaryFolder();
    // as root, PostgreSQL runs as another user, who must be able to pass
    chmodSync(folder.path, 0o711);
    const child = spawn(process.execPath, [TOOL, folder.path], { stdio: ['pipe', 'ignore', 'inherit'] });
    const servers = new OwnServers(child, folder);
    await until(() => existsSync(servers.file), { what: 'servers of its own', deadlineMs: FIRST_START_MS });
    Object.assign(process.env, servers.facts.env);
    return servers;
  }

  /** SIGKILL; resolves when another process has taken its place. What it knew is as it had kept it. */
  async kill(name: ServerName): Promise<void> {
    const pid = this.facts.pids[name];
    process.kill(pid, 'SIGKILL');
    await until(() => this.facts.pids[name] !== pid, { what: `another ${name}`, deadlineMs: START_MS });
    if (name === 'postgres')
      await until(() => this.answers(), { what: 'PostgreSQL to answer', deadlineMs: START_MS });
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await until(() => this.child.exitCode !== null, { what: 'the end of the servers', deadlineMs: STOP_MS });
    this.folder.remove();
  }

  private get file(): string {
    return path.join(this.folder.path, 'servers.json');
  }

  private get facts(): Facts {
    return JSON.parse(readFileSync(this.file, 'utf8')) as Facts;
  }

  private async answers(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.facts.env['TEST_DATABASE_URL'] ?? '' });
    client.on('error', () => undefined);
    await client.connect();
    await client.end();
    return true;
  }
}
