/** A Kubernetes API server with Knative's definitions and nothing behind it: what a driver's requests cost, and no more. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { KINDS, KubeConnection, pathOf } from '#libs/kube';
import { freePorts, until } from '#libs/testing';
import { cpuOf } from './protocol.js';

const SCRIPTS = new URL('../../e2e/cluster/scripts/', import.meta.url).pathname;
const VERSIONS = new URL('../../e2e/cluster/versions.env', import.meta.url).pathname;
const TOKEN = 'only-for-a-bench';
const READY_MS = 120_000;

export interface ApiServer {
  kubeconfig: string;
  /** Of the API server and its etcd. */
  pids: number[];
  /** CPU time of both so far, microseconds. */
  cpuMicros(): number;
  stop(): Promise<void>;
}

/** Starts it from what `npm run cluster` has built; `npm run bench` sees to that. */
export async function startApiServer(): Promise<ApiServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'towpath-bench-api-'));
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const child of children.reverse()) await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  // who is told to end takes them along
  for (const signal of ['SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => void stop().finally(() => process.exit(1)));
  try {
    const [clients = 0, peers = 0, secure = 0] = await freePorts(3);
    const etcd = `http://127.0.0.1:${clients}`;
    children.push(start('etcd/etcd', etcdFlags(folder, etcd, `http://127.0.0.1:${peers}`)));
    children.push(start('kubernetes/kube-apiserver', apiFlags(folder, etcd, secure)));
    const kubeconfig = writeKubeconfig(folder, secure);
    await answers(kubeconfig, children, ['/api/v1/namespaces/kube-system']);
    defineKnative(folder, kubeconfig);
    await answers(kubeconfig, children, [pathOf(KINDS.knativeService), pathOf(KINDS.revision)]);
    const pids = children.map(({ pid }) => pid ?? 0);
    const cpuMicros = (): number => pids.reduce((sum, pid) => sum + cpuOf(pid), 0);
    return { kubeconfig, pids, cpuMicros, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function start(binary: string, flags: readonly string[]): ChildProcess {
  return spawn(path.join(built(), binary), flags, { stdio: 'ignore' });
}

/** As in a cluster of e2e/cluster: etcd forces nothing to disk, for every way of writing alike. */
function etcdFlags(folder: string, clients: string, peers: string): string[] {
  return [
    ...[`--data-dir=${path.join(folder, 'etcd')}`, '--unsafe-no-fsync', '--log-level=error'],
    ...[`--listen-client-urls=${clients}`, `--advertise-client-urls=${clients}`],
    ...[`--listen-peer-urls=${peers}`, `--initial-advertise-peer-urls=${peers}`],
    `--initial-cluster=default=${peers}`,
  ];
}

function apiFlags(folder: string, etcd: string, port: number): string[] {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = path.join(folder, 'accounts.key');
  writeFileSync(key, privateKey.export({ type: 'sec1', format: 'pem' }));
  const tokens = path.join(folder, 'tokens.csv');
  writeFileSync(tokens, `${TOKEN},bench,bench,"system:masters"\n`);
  return [
    ...[`--etcd-servers=${etcd}`, '--bind-address=127.0.0.1', `--secure-port=${port}`],
    ...['--advertise-address=192.0.2.1', '--endpoint-reconciler-type=none'],
    ...[`--cert-dir=${path.join(folder, 'pki')}`, `--token-auth-file=${tokens}`, '--authorization-mode=RBAC'],
    ...['--service-account-issuer=https://kubernetes.default.svc', `--service-account-key-file=${key}`],
    ...[`--service-account-signing-key-file=${key}`, '--service-cluster-ip-range=10.96.0.0/16'],
    '--profiling=false',
  ];
}

function writeKubeconfig(folder: string, port: number): string {
  const file = path.join(folder, 'kubeconfig');
  const cluster = { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'bench' },
    clusters: [{ name: 'bench', cluster }],
    users: [{ name: 'bench', user: { token: TOKEN } }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** Resolves when it answers these: what its bootstrap makes, and the storage of what is defined, come after its first answer. */
async function answers(
  kubeconfig: string,
  children: readonly ChildProcess[],
  paths: readonly string[],
): Promise<void> {
  const connection = await KubeConnection.open(kubeconfig);
  const ask = async (): Promise<boolean> => {
    const dead = children.find(({ exitCode }) => exitCode !== null);
    if (dead !== undefined) throw new Error(`${dead.spawnfile} ended with ${dead.exitCode}`);
    const all = paths.map((at) => connection.json({ method: 'GET', path: at }));
    return Promise.all(all).then(
      () => true,
      () => false,
    );
  };
  try {
    await until(ask, { what: 'the API server', deadlineMs: READY_MS });
  } finally {
    await connection.close();
  }
}

/** Knative's CRDs, and the namespace in which the driver looks for its settings. */
function defineKnative(folder: string, kubeconfig: string): void {
  const env = readFileSync(VERSIONS, 'utf8');
  const version = (name: string): string => new RegExp(`^${name}=(.+)$`, 'm').exec(env)?.[1] ?? '';
  const wanted = [
    '--serving',
    version('KNATIVE'),
    '--kourier',
    version('KOURIER'),
    '--envoy',
    version('ENVOY'),
  ];
  const manifests = path.join(folder, 'manifests');
  // the same search path for Go as every script of e2e/cluster
  const withGo = { ...process.env, PATH: `${process.env['PATH']}:/usr/local/go/bin` };
  const written = [
    'python3',
    path.join(SCRIPTS, 'manifests.py'),
    manifests,
    '--dns',
    '10.96.0.10',
    ...wanted,
  ];
  run(written, withGo);
  const kubectl = (...args: string[]): void =>
    run([path.join(built(), 'kubernetes/kubectl'), '--kubeconfig', kubeconfig, ...args]);
  kubectl('create', '-f', path.join(manifests, 'crds.yaml'));
  kubectl('wait', '--for=create', 'crd/services.serving.knative.dev', '--timeout=60s');
  kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s');
  kubectl('create', 'namespace', 'knative-serving');
}

function run([command = '', ...args]: readonly string[], env = process.env): void {
  execFileSync(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** The folder that tools/clusters.mjs and the scripts' paths.sh name. */
function built(): string {
  const caches = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  return path.join(process.env['TOWPATH_CLUSTER_DIR'] ?? path.join(caches, 'towpath-cluster'), 'build');
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill();
  await exit;
}
