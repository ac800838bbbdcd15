/**
 * `npm run test:cluster [-- pattern …]`: boots real clusters, a platform whose agent runs one of them, and runs the
 * stories on it; leaves no process, mount, namespace or file behind.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  agentKubeconfig,
  clusterOf,
  downCluster,
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
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stages.interrupt());
let platform;
const keep = process.env['TOWPATH_CLUSTER_KEEP'] !== undefined;
try {
  await stages.pass('clusters', () => upClusters([CLUSTER]));
  await stages.guard('platform', async () => {
    platform = await startStoryPlatform(path.join(temporaryDir, 'platform'), await agentSettings());
    const env = { ...platform.env, TOWPATH_STORY_CLUSTER_FILE: describeCluster() };
    for (const project of ['cluster', 'stories']) await stages.jest(project, { patterns, env, workers: 1 });
    await stages.pass('stop', () => platform.stop());
  });
} finally {
  await platform?.stop().catch(() => undefined);
  if (!keep) await stages.pass('down', () => downCluster(CLUSTER));
  rmSync(temporaryDir, { recursive: true, force: true });
}
const code = stages.summarize();
process.exit(stages.interrupted ? 130 : code);

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
    // Two cores hold what a story needs only when little of each instance is reserved.
    TOWPATH_CPU_REQUEST_PERCENT: '2',
    TOWPATH_MEMORY_REQUEST_PERCENT: '10',
  };
}
