/** nats-server in operator mode for `npm start` and for tests: keys made once, JetStream on disk. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { NATS_SERVER, findBinary } from './binaries.mjs';
import { freePort, spawnDetached, stopChild, stopLeftover, untilLine } from './children.mjs';

const UNLIMITED = {
  subs: -1,
  data: -1,
  payload: -1,
  imports: -1,
  exports: -1,
  wildcards: true,
  conn: -1,
  leaf: -1,
  mem_storage: -1,
  disk_storage: -1,
  streams: -1,
  consumer: -1,
};

/** The encoder wants all four lists, also empty ones (empty: everything). */
const EVERYTHING = { pub: { allow: [], deny: [] }, sub: { allow: [], deny: [] } };

/**
 * Starts nats-server on 127.0.0.1 with its files in `dir`. Needs node_modules.
 * `accounts` names the accounts to make; each has JetStream and a seed in `dir/keys.json`.
 * @returns {Promise<{port: number, pid: number, url: string, seeds: Record<string, string>, stop: () => Promise<void>, child: object}>}
 */
export async function startNats({ dir, accounts, port, durable = true, onSpawn }) {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const keys = await loadKeys(path.join(dir, 'keys.json'), accounts);
  const config = path.join(dir, 'nats.conf');
  await stopStale(path.join(dir, 'nats.pid'), config);
  const chosen = port ?? (await freePort());
  writeFileSync(config, await serverConfig({ dir, keys, accounts, port: chosen, durable }), { mode: 0o600 });
  const child = spawnDetached(findBinary(NATS_SERVER), ['-c', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onSpawn?.(child);
  await untilLine(child, 'nats-server', (line) => line.includes('Server is ready'));
  return {
    child,
    pid: child.pid,
    port: chosen,
    url: `nats://127.0.0.1:${chosen}`,
    seeds: Object.fromEntries(accounts.map((name) => [name, keys.accounts[name]])),
    stop: () => stopChild(child, 'SIGTERM'),
  };
}

/** Contents of a credentials file of a new user who may do everything in the account of that seed. */
export async function fullCredentials(accountSeed, name) {
  const { createUser, encodeUser, fmtCreds } = await import('@nats-io/jwt');
  const { fromSeed } = await import('@nats-io/nkeys');
  const user = createUser();
  const account = fromSeed(new TextEncoder().encode(accountSeed));
  return new TextDecoder().decode(fmtCreds(await encodeUser(name, user, account, EVERYTHING, {}), user));
}

/** Seeds of operator, system account and accounts; what is missing is made and kept. */
async function loadKeys(file, accounts) {
  const { createAccount, createOperator } = await import('@nats-io/nkeys');
  const seed = (pair) => new TextDecoder().decode(pair.getSeed());
  const known = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { accounts: {} };
  const keys = {
    operator: known.operator ?? seed(createOperator()),
    system: known.system ?? seed(createAccount()),
    accounts: { ...known.accounts },
  };
  for (const name of accounts) keys.accounts[name] ??= seed(createAccount());
  writeFileSync(file, JSON.stringify(keys, null, 2), { mode: 0o600 });
  return keys;
}

async function serverConfig({ dir, keys, accounts, port, durable }) {
  const { encodeAccount, encodeOperator } = await import('@nats-io/jwt');
  const { fromSeed } = await import('@nats-io/nkeys');
  const pair = (seed) => fromSeed(new TextEncoder().encode(seed));
  const operator = pair(keys.operator);
  const system = pair(keys.system);
  const preload = [
    `  ${system.getPublicKey()}: ${await encodeAccount('SYS', system, {}, { signer: operator })}`,
  ];
  for (const name of accounts) {
    const account = pair(keys.accounts[name]);
    const jwt = await encodeAccount(name, account, { limits: UNLIMITED }, { signer: operator });
    preload.push(`  ${account.getPublicKey()}: ${jwt}`);
  }
  return [
    `listen: "127.0.0.1:${port}"`,
    'server_name: towpath',
    `pid_file: "${path.join(dir, 'nats.pid')}"`,
    // by default three quarters of what is free at the start, which streams' own limits must then fit into
    `jetstream { store_dir: "${path.join(dir, 'jetstream')}", max_file_store: 1TB${durable ? ', sync_interval: always' : ''} }`,
    // A process that stands still is taken for gone after 15 s, so that nobody waits for its answers.
    'ping_interval: "5s"',
    'ping_max: 2',
    // A machine that is short of processors takes longer than the 2 s of the default.
    'authorization { timeout: 15 }',
    `operator: ${await encodeOperator('towpath', operator, { system_account: system.getPublicKey() })}`,
    `system_account: ${system.getPublicKey()}`,
    'resolver: MEMORY',
    `resolver_preload: {\n${preload.join('\n')}\n}`,
    '',
  ].join('\n');
}

async function stopStale(pidFile, config) {
  if (existsSync(pidFile)) await stopLeftover(Number(readFileSync(pidFile, 'utf8')), config);
}
