/**
 * `npm run test:cluster [-- pattern …]`: boots real clusters, a platform whose agent runs one of them, and runs the
 * stories on it; leaves no process, mount, namespace or file behind.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  agentKubeconfig,
  buildClusters,
  clusterOf,
  downCluster,
  interruptClusters,
  kubectlBinary,
  startRegistry,
  upClusters,
  version,
  whyNoClusters,
} from './clusters.mjs';
import { Stages } from './stages.mjs';
import { startStoryPlatform } from './story-platform.mjs';

const CLUSTER = 'alpha';
const REGISTRY_PORT = 5000;
const REGISTRY_USER = 'towpath';
const REGISTRY_PASSWORD = 'only-for-tests';

/** Of everything, minutes: a registry that does not answer, or a story that hangs, is told and ends it. */
const DEADLINE_MINUTES = Number(process.env['TOWPATH_CLUSTER_MINUTES'] ?? 45);

const why = whyNoClusters();
if (why !== undefined) {
  console.log(`skipped: ${why}`);
  process.exit(0);
}
const patterns = process.argv.slice(2);
const temporaryDir = mkdtempSync(path.join(tmpdir(), 'towpath-cluster-'));
// as root, PostgreSQL runs as another user, who must be able to pass
chmodSync(temporaryDir, 0o711);
const stages = new Stages(temporaryDir);
const interrupt = () => {
  stages.interrupt();
  interruptClusters();
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, interrupt);
const deadline = setTimeout(() => {
  stages.add({ name: `ended after ${DEADLINE_MINUTES} minutes`, begin: Date.now(), passed: 0, failed: 1 });
  interrupt();
}, DEADLINE_MINUTES * 60_000);
let platform;
const keep = process.env['TOWPATH_CLUSTER_KEEP'] !== undefined;
try {
  await boot();
} finally {
  clearTimeout(deadline);
  await platform?.stop().catch(() => undefined);
  // also after an interruption, when no other stage begins
  if (!keep) await stages.guard('down', () => downCluster(CLUSTER));
  rmSync(temporaryDir, { recursive: true, force: true });
}
const code = stages.summarize();
process.exit(stages.interrupted ? 130 : code);

/** Whatever fails is a stage that failed: what follows needs it. */
async function boot() {
  if (!(await stages.pass('build', () => buildClusters()))) return;
  if (!(await stages.pass('clusters', () => upClusters([CLUSTER])))) return;
  await stages.guard('platform', async () => {
    platform = await startStoryPlatform(path.join(temporaryDir, 'platform'), await agentSettings());
    const env = { ...platform.env, TOWPATH_STORY_CLUSTER_FILE: describeCluster() };
    for (const project of ['cluster', 'stories'])
      if (!stages.interrupted) await stages.jest(project, { patterns, env, workers: 1 });
    await stages.pass('stop', () => platform.stop());
  });
}

/** What the stories of e2e/cluster may know of the cluster besides the public faces. */
function describeCluster() {
  const { kubeconfig, node, services, machine } = clusterOf(CLUSTER);
  const file = path.join(temporaryDir, 'cluster.json');
  const registry = {
    address: `${machine}:${REGISTRY_PORT}`,
    username: REGISTRY_USER,
    password: REGISTRY_PASSWORD,
  };
  writeFileSync(file, JSON.stringify({ kubectl: kubectlBinary(), kubeconfig, node, services, registry }));
  return file;
}

/** What the agent of this cluster is told, by the names of contracts/README.md. */
async function agentSettings() {
  const password = path.join(temporaryDir, 'registry.password');
  mkdirSync(temporaryDir, { recursive: true });
  writeFileSync(password, REGISTRY_PASSWORD, { mode: 0o600 });
  const address = await startRegistry(CLUSTER, REGISTRY_PORT, REGISTRY_USER, REGISTRY_PASSWORD);
  return {
    TOWPATH_RUNTIME: 'knative',
    TOWPATH_KUBECONFIG: agentKubeconfig(CLUSTER, path.join(temporaryDir, 'agent.kubeconfig')),
    TOWPATH_REGISTRY_URL: `http://${address}`,
    TOWPATH_PRIVATE_REGISTRIES: `http://${address}`,
    TOWPATH_REGISTRY_USERNAME: REGISTRY_USER,
    TOWPATH_REGISTRY_PASSWORD_FILE: password,
    TOWPATH_BASE_IMAGE: 'runtime/node:local',
    TOWPATH_DOOR_IMAGE: `dev.local/envoy:${version('ENVOY')}`,
    // A machine that does other work at the same time takes long to make a container.
    TOWPATH_START_TIMEOUT_SECONDS: '15',
    TOWPATH_PLACE_TIMEOUT_SECONDS: '45',
    // Two cores hold what a story needs only when little of each instance is reserved.
    TOWPATH_CPU_REQUEST_PERCENT: '2',
    TOWPATH_MEMORY_REQUEST_PERCENT: '10',
  };
}
