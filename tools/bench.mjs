/**
 * `npm run bench [name …]`: runs dist/bench/<name>.bench.js one after the other (all, without names). `cluster-…` need what e2e/cluster
 * builds, `knative-…` a platform with a real cluster: they come last, and are left out where clusters cannot run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ENVOY, findBinary } from './binaries.mjs';
import { FIRST, agentSettings, describeClusters, kubeconfigOf } from './cluster-platform.mjs';
import {
  buildClusters,
  downCluster,
  interruptClusters,
  lockClusters,
  upClusters,
  whyNoClusters,
} from './clusters.mjs';
import { inRoot } from './stamp.mjs';
import { startStoryPlatform } from './story-platform.mjs';
import { startTestServers } from './test-servers.mjs';

const SUFFIX = '.bench.js';
const needsBinaries = (name) => name.startsWith('cluster-');
const needsCluster = (name) => name.startsWith('knative-');
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
const chosen = runnable(wanted.length > 0 ? wanted : known);

const temporaryDir = mkdtempSync(path.join(tmpdir(), 'towpath-bench-'));
// as root, PostgreSQL runs as another user, who must be able to pass
chmodSync(temporaryDir, 0o711);
let failed = false;
let interrupted = false;
let running;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = true;
    running?.kill('SIGTERM');
    interruptClusters();
  });
}
try {
  if (chosen.some((name) => needsBinaries(name) || needsCluster(name))) await buildClusters();
  const plain = chosen.filter((name) => !needsCluster(name));
  if (plain.length > 0) await withServers((env) => runAll(plain, env));
  const real = chosen.filter(needsCluster);
  if (real.length > 0 && !interrupted) await withCluster((env) => runAll(real, env));
} finally {
  rmSync(temporaryDir, { recursive: true, force: true });
}
process.exit(interrupted ? 130 : failed ? 1 : 0);

function runnable(names) {
  const ofClusters = names.filter((name) => needsBinaries(name) || needsCluster(name));
  const why = ofClusters.length === 0 ? undefined : whyNoClusters();
  if (why === undefined) return names;
  console.log(`skipped ${ofClusters.join(', ')}: ${why}`);
  return names.filter((name) => !ofClusters.includes(name));
}

async function runAll(names, servers) {
  for (const name of names) {
    if (interrupted) return;
    const file = inRoot(`dist/bench/${name}${SUFFIX}`);
    const env = { ...process.env, ...servers };
    running = spawn(process.execPath, ['--enable-source-maps', file], { env, stdio: 'inherit' });
    const [code] = await once(running, 'exit');
    failed ||= code !== 0;
  }
}

async function withServers(work) {
  const servers = await startTestServers(path.join(temporaryDir, 'servers'), { durable: true });
  try {
    await work(servers.env);
  } finally {
    await servers.stop();
  }
}

/** One real cluster and the platform that holds it; nothing of them is left. */
async function withCluster(work) {
  const unlock = lockClusters();
  let platform;
  try {
    await upClusters([FIRST]);
    const settings = {
      ...(await agentSettings([FIRST], temporaryDir)),
      TOWPATH_KUBECONFIG: kubeconfigOf(FIRST, temporaryDir),
      // what was woken ends after all that it is measured against
      TOWPATH_SCALE_WINDOW_SECONDS: '30',
    };
    platform = await startStoryPlatform(path.join(temporaryDir, 'platform'), settings);
    await work({
      ...platform.env,
      TOWPATH_STORY_CLUSTER_FILE: describeClusters(path.join(temporaryDir, 'cluster.json'), [FIRST]),
      TEST_ENVOY: findBinary(ENVOY),
    });
  } finally {
    await platform?.stop();
    if (process.env['TOWPATH_CLUSTER_KEEP'] === undefined) await downCluster(FIRST);
    unlock();
  }
}
