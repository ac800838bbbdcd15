/** What integration tests run against: one PostgreSQL (fsync off) with a migrated template, one nats-server. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ENVOY, findBinary } from './binaries.mjs';
import { Obstacle, freePort } from './children.mjs';
import { startNats } from './nats.mjs';
import { ensureDatabase, startPostgres } from './postgres.mjs';
import { runNode } from './stages.mjs';

const PASSWORD = 'test';
const TEMPLATE = 'towpath_template';
/** Enough for every test file that runs at the same time; each empties its own before it gives it back. */
const NATS_ACCOUNTS = 16;

/**
 * Starts both below `dir`; `durable` keeps fsync on, as an installation does. `launch(name, start)` starts each, and may do so
 * again: `start(onSpawn)` takes the same folder and port.
 * @returns {Promise<{env: Record<string, string>, templateUrl: string, stop: () => Promise<void>}>} `env` for jest
 */
export async function startTestServers(dir, { durable = false, launch = startOnce } = {}) {
  const stops = [];
  const stop = async () => {
    await Promise.all(stops.splice(0).map((end) => end()));
  };
  try {
    const database = {
      dir: path.join(dir, 'postgres'),
      port: await freePort(),
      password: PASSWORD,
      durable,
    };
    const streams = {
      dir: path.join(dir, 'nats'),
      port: await freePort(),
      accounts: accountNames(),
      durable,
    };
    const [postgres, nats] = await Promise.all([
      launch('postgres', (onSpawn) => startPostgres({ ...database, onSpawn })).then(keep(stops)),
      launch('nats', (onSpawn) => startNats({ ...streams, onSpawn })).then(keep(stops)),
    ]);
    const templateUrl = postgres.url(TEMPLATE);
    await migrate(postgres.url('postgres'), templateUrl);
    const accountsFile = path.join(dir, 'nats-accounts.json');
    writeFileSync(accountsFile, JSON.stringify(accountNames().map((name) => nats.seeds[name])), {
      mode: 0o600,
    });
    const env = {
      TEST_DATABASE_URL: postgres.url('postgres'),
      TEST_DATABASE_TEMPLATE: TEMPLATE,
      TEST_API_PASSWORD: PASSWORD,
      TEST_SYSTEM_PASSWORD: PASSWORD,
      TEST_NATS_URL: nats.url,
      TEST_NATS_ACCOUNTS_FILE: accountsFile,
      TEST_ENVOY: findBinary(ENVOY),
    };
    return { env, templateUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const startOnce = (_name, start) => start();

const keep = (stops) => (server) => {
  stops.push(server.stop);
  return server;
};

const accountNames = () => Array.from({ length: NATS_ACCOUNTS }, (_, index) => `TEST${index}`);

async function migrate(adminUrl, templateUrl) {
  await ensureDatabase(adminUrl, TEMPLATE);
  const env = {
    DATABASE_URL: templateUrl,
    TOWPATH_API_PASSWORD: PASSWORD,
    TOWPATH_SYSTEM_PASSWORD: PASSWORD,
  };
  const { code, output } = await runNode(['dist/libs/store/src/migrate.main.js'], { env, quiet: true });
  if (code !== 0) throw new Obstacle(`the migrations failed:\n${output}`);
}
