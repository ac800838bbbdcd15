/** What a platform on real clusters, and who speaks to it, are told. */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packAgent } from './agent-image.mjs';
import {
  agentKubeconfig,
  allowRegistry,
  clusterOf,
  kubectlBinary,
  loadImage,
  sandboxClass,
  startRegistry,
  version,
} from './clusters.mjs';

/** In the order in which they are taken. */
export const NAMES = ['alpha', 'beta', 'gamma'];
export const [FIRST] = NAMES;
const REGISTRY_PORT = 5000;
const REGISTRY_USER = 'towpath';
const REGISTRY_PASSWORD = 'only-for-tests';

/** Where a story that needs it opens a gateway at the machine's end of a cluster's link; below what the kernel gives out itself. */
const GATEWAY_PORT = 7443;

const AGENT_IMAGE = 'dev.local/towpath/agent:local';
/** What of an agent's settings holds wherever it runs: no file of this machine. */
const ANYWHERE = /^TOWPATH_(REGISTRY_URL|REGISTRY_USERNAME|DOOR_IMAGE|EGRESS_OPEN|.*_SECONDS|.*_PERCENT)$/;

/**
 * Writes down what stories and benches may know of the clusters they run on, besides the public faces: the first, and the
 * second; of `settings`, what an agent in the first one is told.
 */
export function describeClusters(file, [name, second], settings = {}) {
  const describe = (one) => {
    const { pid, kubeconfig, node, services, machine, pods } = clusterOf(one);
    return { name: one, pid, kubectl: kubectlBinary(), kubeconfig, node, services, machine, pods };
  };
  const registry = {
    address: `${clusterOf(FIRST).machine}:${REGISTRY_PORT}`,
    username: REGISTRY_USER,
    password: REGISTRY_PASSWORD,
  };
  const told = Object.entries(settings).filter(([key]) => ANYWHERE.test(key));
  const agent = { image: AGENT_IMAGE, settings: Object.fromEntries(told) };
  writeFileSync(
    file,
    JSON.stringify({
      ...describe(name),
      registry,
      gatewayPort: GATEWAY_PORT,
      agent,
      sandbox: sandboxClass(),
      ...(second && { second: describe(second) }),
    }),
  );
  return file;
}

/** Packs the agent of this checkout, for a pod of the cluster. */
export async function loadAgentImage(name, temporaryDir) {
  const tar = path.join(temporaryDir, 'agent.tar');
  await packAgent(tar, AGENT_IMAGE);
  await loadImage(name, [tar]);
  rmSync(tar);
}

/** Of the agent's account, with the rights of deploy/agent. */
export function kubeconfigOf(name, temporaryDir) {
  return agentKubeconfig(name, path.join(temporaryDir, `${name}.kubeconfig`));
}

/** What the agents of these clusters are told, by the names of contracts/README.md. One registry, at the first of all, serves all clusters. */
export async function agentSettings(names, temporaryDir) {
  const password = path.join(temporaryDir, 'registry.password');
  writeFileSync(password, REGISTRY_PASSWORD, { mode: 0o600 });
  const address = await startRegistry(FIRST, REGISTRY_PORT, REGISTRY_USER, REGISTRY_PASSWORD);
  for (const name of names) allowRegistry(name, address);
  return {
    TOWPATH_RUNTIME: 'knative',
    TOWPATH_SANDBOX_RUNTIME_CLASS: sandboxClass(),
    TOWPATH_REGISTRY_URL: `http://${address}`,
    TOWPATH_PRIVATE_REGISTRIES: `http://${address}`,
    TOWPATH_REGISTRY_USERNAME: REGISTRY_USER,
    TOWPATH_REGISTRY_PASSWORD_FILE: password,
    TOWPATH_BASE_IMAGE: 'runtime/node:local',
    TOWPATH_EGRESS_OPEN: names.map((name) => `${clusterOf(name).machine}:${GATEWAY_PORT}`).join(),
    TOWPATH_DOOR_IMAGE: `dev.local/envoy:${version('ENVOY')}`,
    // A machine that does other work at the same time takes long to make a container.
    TOWPATH_START_TIMEOUT_SECONDS: '15',
    TOWPATH_PLACE_TIMEOUT_SECONDS: '45',
    // Two cores hold what a story needs only when little of each instance is reserved.
    TOWPATH_CPU_REQUEST_PERCENT: '2',
    TOWPATH_MEMORY_REQUEST_PERCENT: '10',
  };
}
