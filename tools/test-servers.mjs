/** What integration tests run against: one PostgreSQL (fsync off) with a migrated template, one nats-server. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ENVOY, findBinary } from './binaries.mjs';
import { Obstacle } from './children.mjs';
import { startNats } from './nats.mjs';
import { ensureDatabase, startPostgres } from './postgres.mjs';
import { runNode } from './stages.mjs';

const PASSWORD = 'test';
const TEMPLATE = 'towpath_template';
/** Enough for every test file that runs at the same time; each empties its own before it gives it back. */
const NATS_ACCOUNTS = 16;

/**
 * Starts both below `dir`; `durable` (for benches) keeps fsync on, as an installation does.
 * @returns {Promise<{env: Record<string, string>, templateUrl: string, stop: () => Promise<void>}>} `env` for jest
 */
export async function startTestServers(dir, { durable = false } = {}) {
  const stops = [];
  const stop = async () => {
    await Promise.all(stops.splice(0).map((end) => end()));
  };
  try {
    const [postgres, nats] = await Promise.all([
      startPostgres({ dir: path.join(dir, 'postgres'), password: PASSWORD, durable }).then(keep(stops)),
      startNats({ dir: path.join(dir, 'nats'), accounts: accountNames(), durable }).then(keep(stops)),
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
