/**
 * The processes of a platform on one machine, in the order of starting: a table of kinds, each of the hub's and the
 * gateway with its Envoy once for every replica. Their environment is contracts/README.md.
 */
import path from 'node:path';
import { envoyCommand, isEnvoyLive } from './envoy.mjs';
import { withFaults } from './faults.mjs';
import { laterReplicas, nth } from './installation.mjs';
import { handedOn } from './settings.mjs';
import { nodeBinary } from './setup.mjs';
import { ROOT, inRoot } from './stamp.mjs';
import { launchLogged } from './supervisor.mjs';

/** Kinds of which there is one process; of agents, one for each cluster. */
const SINGLE = ['nats', 'postgres'];
const everyReplica = (groups, { replicas, clusters }) => {
  const times = (kind) => (SINGLE.includes(kind) ? 1 : kind === 'agent' ? clusters : replicas);
  return groups.map((kinds) =>
    kinds.flatMap((kind) => [1, ...laterReplicas(times(kind))].map((replica) => nth(kind, replica))),
  );
};

/** Groups start one after the other; what stands in a group starts together. */
export const startOrder = (platform) =>
  everyReplica([['identity'], ['deployer', 'billing', 'api'], ['gateway'], ['envoy', 'agent']], platform);

/** The other way round: first what takes work, Envoy when nobody configures it any more, last what keeps data. */
export const stopOrder = (platform) =>
  everyReplica(
    [['api', 'agent', 'gateway', 'deployer', 'billing', 'identity'], ['envoy'], ['nats'], ['postgres']],
    platform,
  );

/** name -> how it is launched: `(onSpawn) => Promise`, resolved when it is ready. */
export function launchers(platform) {
  const launch = {};
  for (let replica = platform.replicas; replica >= 1; replica -= 1) {
    const own = { ...platform, replica, ports: portsOf(platform.ports, replica) };
    for (const [kind, env] of Object.entries(processEnvironments(own)))
      launch[nth(kind, replica)] = (onSpawn) => launchApp(own, kind, env, onSpawn);
    launch[nth('envoy', replica)] = (onSpawn) => launchEnvoy(own, onSpawn);
  }
  for (const cluster of [1, ...laterReplicas(platform.clusters)]) {
    const own = { ...platform, replica: cluster };
    launch[nth('agent', cluster)] = (onSpawn) => launchApp(own, 'agent', agentEnvironment(own), onSpawn);
  }
  return launch;
}

/** The ports by kind, as one replica sees them: its own where it has some. */
function portsOf(ports, replica) {
  const own = Object.keys(ports).map((name) => [name, ports[nth(name, replica)] ?? ports[name]]);
  return { ...Object.fromEntries(own), public: { http: ports.gateway, https: ports.gatewayTls } };
}

function processEnvironments({ installation, ports, replica, replicas, domain, https, database, nats }) {
  const hub = { NATS_URL: nats.url, TOWPATH_NATS_CREDS: nats.credsFile };
  const face = {
    TOWPATH_DOMAIN: domain,
    TOWPATH_GATEWAY_PORT: ports.public.http,
    TOWPATH_GATEWAY_TLS_PORT: ports.public.https,
    TOWPATH_PUBLIC_SCHEME: https ? 'https' : 'http',
  };
  const masterKey = { TOWPATH_MASTER_KEY_FILE: installation.at('keys/master.key') };
  const blobs = { TOWPATH_BLOBS_DIR: installation.at('blobs') };
  const asSystem = { TOWPATH_SYSTEM_DATABASE_URL: database.systemUrl };
  const joining = { TOWPATH_JOIN_URL: `http://127.0.0.1:${ports.identity}` };
  return {
    identity: {
      TOWPATH_PORT: ports.identity,
      ...asSystem,
      ...hub,
      ...masterKey,
      TOWPATH_NATS_ACCOUNT_SEED_FILE: nats.seedFile,
      TOWPATH_BOOTSTRAP_FILE: installation.at('keys/bootstrap.json'),
      TOWPATH_GATEWAY_TOKEN_FILES: laterReplicas(replicas).map((later) => gatewayToken(installation, later)),
      TOWPATH_DOMAIN: domain,
    },
    deployer: { TOWPATH_PORT: ports.deployer, ...asSystem, ...hub, ...masterKey, ...blobs, ...face },
    billing: { TOWPATH_PORT: ports.billing, ...asSystem, ...hub, ...masterKey },
    api: {
      TOWPATH_PORT: ports.api,
      TOWPATH_API_DATABASE_URL: database.apiUrl,
      ...hub,
      ...masterKey,
      ...blobs,
      ...face,
    },
    gateway: {
      TOWPATH_PORT: ports.gatewayProcess,
      TOWPATH_DATA_DIR: installation.at(nth('gateway', replica)),
      TOWPATH_JOIN_TOKEN_FILE: gatewayToken(installation, replica),
      ...joining,
      ...face,
      TOWPATH_GATEWAY_PORT: ports.gateway,
      TOWPATH_GATEWAY_TLS_PORT: ports.gatewayTls,
      ...envoyMeeting(installation, ports, replica),
    },
  };
}

/** The agent of the nth cluster; of kubeconfigs, apart by comma, the nth is its own. */
function agentEnvironment({ installation, ports, replica }) {
  const name = nth('agent', replica);
  const kubeconfig = process.env.TOWPATH_KUBECONFIG?.split(',')[replica - 1];
  return {
    TOWPATH_PORT: ports[name],
    TOWPATH_DATA_DIR: installation.at(name),
    TOWPATH_JOIN_TOKEN_FILE: installation.at(`keys/${name}.token`),
    TOWPATH_JOIN_URL: `http://127.0.0.1:${ports.identity}`,
    TOWPATH_BLOBS_DIR: installation.at('blobs'),
    ...(kubeconfig === undefined ? {} : { TOWPATH_KUBECONFIG: kubeconfig }),
  };
}

const gatewayToken = (installation, replica) => installation.at(`keys/${nth('gateway', replica)}.token`);

const envoyMeeting = (installation, ports, replica) => ({
  TOWPATH_ENVOY_ADMIN_PORT: ports.envoyAdmin,
  TOWPATH_XDS_PORT: ports.xds,
  TOWPATH_ENVOY_BOOTSTRAP: installation.at(nth('gateway', replica), 'envoy.json'),
  TOWPATH_ENVOY_LOG: installation.at(nth('gateway', replica), 'access.log'),
});

/** Of the person's own environment what it reads, and above that what its place in the platform is. */
function environment(kind, own) {
  const texts = Object.entries(own).map(([name, value]) => [name, String(value)]);
  return {
    NODE_COMPILE_CACHE: inRoot('node_modules/.cache/compile'),
    ...handedOn(kind),
    ...Object.fromEntries(texts),
  };
}

/** Tests of an upgrade run some processes, or the migrations, from the checkout of another release: `name=folder`, by comma. */
export function folderOf(name) {
  const others = new Map((process.env.TOWPATH_TEST_RELEASES ?? '').split(',').map((pair) => pair.split('=')));
  return others.get(name) ?? ROOT;
}

/** Ready when it prints its ready line. The data folder in the command line is how a leftover is known again. */
function launchApp({ installation, replica }, kind, env, onSpawn) {
  const name = nth(kind, replica);
  return launchLogged({
    name,
    onSpawn,
    command: nodeBinary(),
    args: [
      '--enable-source-maps',
      path.join(folderOf(kind), `dist/apps/${kind}/src/main.js`),
      `--data=${installation.dir}`,
    ],
    options: { cwd: ROOT, env: withFaults(name, environment(kind, env)) },
    logFile: installation.at(`logs/${name}.log`),
    isReady: (output) => /^\{.*"event":"ready"/m.test(output),
  });
}

function launchEnvoy({ installation, ports, replica }, onSpawn) {
  const name = nth('envoy', replica);
  return launchLogged({
    name,
    onSpawn,
    ...envoyCommand({ bootstrap: installation.at(nth('gateway', replica), 'envoy.json') }),
    options: { cwd: installation.dir, env: environment('envoy', {}) },
    logFile: installation.at(`logs/${name}.log`),
    isReady: () => isEnvoyLive(ports.envoyAdmin),
  });
}
