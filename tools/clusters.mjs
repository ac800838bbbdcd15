/** The clusters of e2e/cluster: what runs, and how each is started and ended. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { Obstacle, commandLine } from './children.mjs';
import { refuseTraces, tracesOf } from './cluster-traces.mjs';
import { nodeBinary } from './setup.mjs';
import { inRoot } from './stamp.mjs';

const SCRIPTS = inRoot('e2e/cluster/scripts');
/** Where what was built and what runs lies; the scripts (paths.sh) say the same. */
export const clusterDir = () =>
  process.env['TOWPATH_CLUSTER_DIR'] ??
  path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'towpath-cluster');
const NAME = /^[a-z][a-z0-9]{0,9}$/;

export const kubectlBinary = () => path.join(clusterDir(), 'build/kubernetes/kubectl');

/** The RuntimeClass of the sandboxed tier: gVisor where it runs, else another runtime than that of all others. */
export const sandboxClass = () =>
  existsSync(path.join(clusterDir(), 'build/gvisor/runs')) ? 'gvisor' : 'crun';

/** Why clusters cannot run on this machine, in one sentence; undefined when they can. */
export function whyNoClusters() {
  if (process.platform !== 'linux') return 'real clusters need Linux';
  if (process.getuid?.() !== 0)
    return 'real clusters need root: they are made of namespaces, mounts and cgroups';
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/go/bin'];
  if (!folders.some((folder) => existsSync(path.join(folder, 'go'))))
    return 'real clusters are built from source: install Go 1.26 or later (its folder on PATH)';
  const stdio = ['ignore', 'pipe', 'inherit'];
  const { status, stdout } = spawnSync(path.join(SCRIPTS, 'can.sh'), { encoding: 'utf8', stdio });
  return status === 0 ? undefined : stdout.trim() || 'real clusters need bash';
}

/**
 * Takes the clusters of this machine for one run of the tests or of benches: those of another would have the same names.
 * @returns what gives them back
 */
export function lockClusters() {
  const file = path.join(clusterDir(), 'test.pid');
  const holder = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (holder !== process.pid && /test-cluster\.mjs|bench\.mjs/.test(commandLine(holder)))
    throw new Obstacle(
      `another npm run test:cluster, or bench, has the clusters of this machine (process ${holder}): let it end first`,
    );
  writeFileSync(file, String(process.pid));
  return () => rmSync(file, { force: true });
}

/** Every cluster that has a folder, running or left behind. */
export function clusters() {
  const run = path.join(clusterDir(), 'run');
  return (existsSync(run) ? readdirSync(run) : []).map((name) => clusterOf(name));
}

/** What a story needs to know of a cluster. */
export function clusterOf(name) {
  const folder = path.join(clusterDir(), 'run', name);
  const read = (file) =>
    existsSync(path.join(folder, file)) ? readFileSync(path.join(folder, file), 'utf8') : '';
  const facts = read('cluster.json');
  const pid = Number(read('init.pid'));
  const alive = commandLine(pid).includes(`node.sh ${name} `);
  return {
    name,
    folder,
    index: Number(read('index')),
    pid,
    alive,
    kubeconfig: path.join(folder, 'pki/admin.conf'),
    ...(facts === '' ? {} : JSON.parse(facts)),
  };
}

/** Builds what is missing, from package registries: some 15 minutes the first time. */
export async function buildClusters({ knative = version('KNATIVE') } = {}) {
  const obstacle = whyNoClusters();
  if (obstacle !== undefined) throw new Obstacle(obstacle);
  await script('build.sh', ['--knative', knative]);
}

/** Builds what is missing, then boots each: all of them at once. */
export async function upClusters(names, { knative = version('KNATIVE'), settings = [] } = {}) {
  const wrong = names.filter((name) => !NAME.test(name));
  if (wrong.length > 0)
    throw new Obstacle(`a cluster's name is a letter and up to 9 letters or digits: ${wrong.join(', ')}`);
  await buildClusters({ knative });
  const taken = new Set(clusters().map(({ index }) => index));
  const indexes = names.map((name) => {
    const own = clusterOf(name).index;
    const index =
      own > 0 ? own : Array.from({ length: 49 }, (_, at) => at + 1).find((one) => !taken.has(one));
    taken.add(index);
    return index;
  });
  const outcomes = await Promise.allSettled(
    names.map(async (name, at) => {
      if (clusterOf(name).alive) return;
      await script('up.sh', [name, String(indexes[at]), knative], name);
      await script('netpol.sh', [name], name);
      await script('knative.sh', [name, knative, ...settings], name);
    }),
  );
  const failed = outcomes.find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  for (const name of names) console.log(`${name}: export KUBECONFIG=${clusterOf(name).kubeconfig}`);
}

/**
 * Gives the agent's account in the cluster the rights of deploy/agent, and no more; writes a kubeconfig of that account.
 * The token outlives any run.
 */
export function agentKubeconfig(name, file) {
  const kubectl = (...args) =>
    execFileSync(kubectlBinary(), ['--kubeconfig', clusterOf(name).kubeconfig, ...args], {
      encoding: 'utf8',
    });
  kubectl('apply', '-f', inRoot('deploy/agent/rights.yaml'));
  const {
    clusters: [at],
  } = JSON.parse(kubectl('config', 'view', '--raw', '--minify', '--flatten', '-o', 'json'));
  const token = kubectl(
    'create',
    'token',
    'towpath-agent',
    '-n',
    'towpath-system',
    '--duration',
    '24h',
  ).trim();
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [at],
    users: [{ name: 'agent', user: { token } }],
    contexts: [{ name: 'agent', context: { cluster: at.name, user: 'agent' } }],
    'current-context': 'agent',
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

/** Ends it whatever its state. @throws Error when anything of it is left */
export async function downCluster(name) {
  const { folder, pid, alive } = clusterOf(name);
  const traces = tracesOf({ name, folder, init: alive ? pid : 0 });
  await script('down.sh', [name], name);
  await refuseTraces(`cluster ${name}`, traces);
}

/** A registry beside the cluster, at the machine's end of its link, with the base image. Resolves with its address. */
export async function startRegistry(name, port, user, password) {
  const address = `${clusterOf(name).machine}:${port}`;
  const answers = await fetch(`http://${address}/v2/`).then(
    () => true,
    () => false,
  );
  if (!answers) await script('registry.sh', [name, String(port), user, password], name);
  await script('base-image.sh', [name, String(port), nodeBinary(), user, password], name);
  return address;
}

/** Tells a cluster's containerd, without a restart, that this registry speaks plain HTTP. */
export function allowRegistry(name, address) {
  const folder = path.join(clusterOf(name).folder, 'certs.d', address);
  mkdirSync(folder, { recursive: true });
  const lines = [`server = "http://${address}"`, `[host."http://${address}"]`];
  writeFileSync(
    path.join(folder, 'hosts.toml'),
    [...lines, '  capabilities = ["pull", "resolve"]', ''].join('\n'),
  );
}

export async function loadImage(name, tars) {
  if (!clusterOf(name).alive) throw new Obstacle(`cluster ${name} does not run`);
  await script('load-image.sh', [name, ...tars.map((tar) => path.resolve(tar))], name);
}

/** Prints the log of one component, or the names of them. */
export function clusterLogs(name, component) {
  const folder = path.join(clusterOf(name).folder, 'log');
  if (!existsSync(folder)) throw new Obstacle(`there is no cluster ${name}`);
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.log'))
    .map((file) => file.slice(0, -4));
  if (component === undefined) return console.log(names.join('\n'));
  if (!names.includes(component))
    throw new Obstacle(`there is no log ${component}; there are: ${names.join(', ')}`);
  process.stdout.write(readFileSync(path.join(folder, `${component}.log`)));
}

/** A version of e2e/cluster/versions.env. */
export function version(name) {
  const line = readFileSync(inRoot('e2e/cluster/versions.env'), 'utf8').match(
    new RegExp(`^${name}=(.+)$`, 'm'),
  );
  if (line === null) throw new Error(`versions.env has no ${name}`);
  return line[1];
}

/** Scripts that run; each leads a process group of its own, so that a Ctrl-C at the terminal does not reach it. */
const running = new Map();
/** A cluster that is half made, or half ended, is known to nobody: these come to their end, in seconds. */
const WHOLE = ['up.sh', 'down.sh'];
let interrupted = false;

/** Ends what can be ended; nothing but `downCluster` begins any more. */
export function interruptClusters() {
  interrupted = true;
  for (const [child, name] of running) if (!WHOLE.includes(name)) process.kill(-child.pid, 'SIGINT');
}

/** Runs a script of the room; its lines are printed with the cluster's name before them. */
function script(name, args, label) {
  if (interrupted && name !== 'down.sh') throw new Obstacle('interrupted');
  return new Promise((resolve, reject) => {
    const stdio = ['ignore', 'pipe', 'pipe'];
    const child = spawn('bash', [path.join(SCRIPTS, name), ...args], { stdio, detached: true });
    running.set(child, name);
    for (const [stream, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      stream.setEncoding('utf8').on('data', (text) => {
        for (const line of text.split('\n').filter(Boolean))
          to.write(`${label === undefined ? '' : `${label} `}${line}\n`);
      });
    }
    child.once('error', reject);
    child.once('close', (code) => {
      running.delete(child);
      if (code === 0) resolve();
      else reject(new Obstacle(`${name} ${args.join(' ')} failed (${code}); its lines are above`));
    });
  });
}
