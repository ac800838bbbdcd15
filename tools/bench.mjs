/**
 * `npm run bench [name …]`: runs dist/bench/<name>.bench.js one after the other (all, without names). Those of real clusters are left out
 * where these cannot run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildClusters, whyNoClusters } from './clusters.mjs';
import { inRoot } from './stamp.mjs';
import { startTestServers } from './test-servers.mjs';

const SUFFIX = '.bench.js';
const folder = inRoot('dist/bench');
const known = (existsSync(folder) ? readdirSync(folder) : [])
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`there is no bench ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  process.exit(2);
}

/** They run what e2e/cluster builds. */
const needsClusters = (name) => name.startsWith('cluster-');
const chosen = await runnable(wanted.length > 0 ? wanted : known);

const temporaryDir = mkdtempSync(path.join(tmpdir(), 'towpath-bench-'));
// as root, PostgreSQL runs as another user, who must be able to pass
chmodSync(temporaryDir, 0o711);
const servers = await startTestServers(path.join(temporaryDir, 'servers'), { durable: true });
const env = { ...process.env, ...servers.env };
let failed = false;
let interrupted = false;
let running;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = true;
    running?.kill('SIGTERM');
  });
}
try {
  for (const name of chosen) {
    if (interrupted) break;
    const file = inRoot(`dist/bench/${name}${SUFFIX}`);
    running = spawn(process.execPath, ['--enable-source-maps', file], { env, stdio: 'inherit' });
    const [code] = await once(running, 'exit');
    failed ||= code !== 0;
  }
} finally {
  await servers.stop();
  rmSync(temporaryDir, { recursive: true, force: true });
}
process.exit(interrupted ? 130 : failed ? 1 : 0);

async function runnable(names) {
  if (!names.some(needsClusters)) return names;
  const why = whyNoClusters();
  if (why !== undefined) {
    console.log(`skipped ${names.filter(needsClusters).join(', ')}: ${why}`);
    return names.filter((name) => !needsClusters(name));
  }
  await buildClusters();
  return names;
}
