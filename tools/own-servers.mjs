/**
 * PostgreSQL and nats-server of one test's own, which keep what they have as an installation's do, and are started again when
 * they die: `node tools/own-servers.mjs DIR` writes DIR/servers.json (what tests read of their environment, and pids; anew
 * with every new pid) and ends at SIGTERM, or with its stdin.
 */
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Supervisor } from './supervisor.mjs';
import { startTestServers } from './test-servers.mjs';

const dir = process.argv[2] ?? '';
const file = path.join(dir, 'servers.json');
let env;

function write(pids) {
  if (env === undefined) return;
  writeFileSync(`${file}.new`, JSON.stringify({ env, pids }), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

// a test kills them on purpose, again and again
const supervisor = new Supervisor({ say: (line) => console.log(line), onChange: write, longestPauseMs: 200 });
const stop = async () => {
  await supervisor.stopInOrder([['nats'], ['postgres']]);
  process.exit(0);
};
process.on('SIGTERM', () => void stop());
// whoever started it is gone
process.stdin.on('end', () => void stop()).resume();
try {
  const launch = (name, start) => supervisor.start(name, start);
  ({ env } = await startTestServers(dir, { durable: true, launch }));
  write(supervisor.pids());
} catch (error) {
  console.error(error.message);
  await supervisor.stopInOrder([['nats'], ['postgres']]);
  process.exit(1);
}
