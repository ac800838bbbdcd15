import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { until } from './until.js';

const run = promisify(execFile);
/** A list of many objects, and the API server's metrics, are some megabytes. */
const MOST_BYTES = 64 * 2 ** 20;

/** One real cluster. */
export interface RealCluster {
  name: string;
  /** All processes of the cluster come of this one. */
  pid: number;
  kubectl: string;
  kubeconfig: string;
  /** The node's address; everything of the cluster that listens outside listens here. */
  node: string;
  /** The machine's end of the cluster's link. */
  machine: string;
  services: string;
  /** Addresses of its pods: `10.101.0.0/16`. */
  pods: string;
}

/** What tools/test-cluster.mjs says of the clusters under test. */
export interface ClusterUnderTest extends RealCluster {
  registry: { address: string; username: string; password: string };
  /** The RuntimeClass of the sandboxed tier: where gVisor does not run it is a runtime without a kernel of its own. */
  sandbox: 'gvisor' | 'crun';
  /** Of a gateway, at `machine`: the one port beside the public Internet that instances are let out to. */
  gatewayPort: number;
  /** What an agent in it is made of: its image, and its settings by the names of contracts/README.md. */
  agent: { image: string; settings: Record<string, string> };
  /** The other one, in the stories of two. */
  second: RealCluster;
}

export function clusterUnderTest(): ClusterUnderTest {
  const file = process.env['TOWPATH_STORY_CLUSTER_FILE'];
  if (!file) throw new Error('run these stories with: npm run test:cluster');
  return JSON.parse(readFileSync(file, 'utf8')) as ClusterUnderTest;
}

/** Runs kubectl as the administrator of the cluster under test; resolves with what it printed. */
export function kubectl(...args: string[]): Promise<string> {
  return kubectlOf(clusterUnderTest(), ...args);
}

/** The same of any real cluster. */
export async function kubectlOf(
  { kubectl: program, kubeconfig }: RealCluster,
  ...args: string[]
): Promise<string> {
  const { stdout } = await run(program, args, {
    env: { KUBECONFIG: kubeconfig, HOME: path.dirname(kubeconfig) },
    maxBuffer: MOST_BYTES,
  });
  return stdout;
}

/** One object, or a list of them, as JSON. */
export async function kubeGet<T>(...args: string[]): Promise<T> {
  return JSON.parse(await kubectl('get', '-o', 'json', ...args)) as T;
}

/** Applies a manifest as the administrator of the cluster under test; `flags` are kubectl's. */
export async function applyObject(manifest: unknown, ...flags: string[]): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'towpath-story-'));
  try {
    const file = path.join(folder, 'object.json');
    await writeFile(file, JSON.stringify(manifest));
    await kubectl('apply', ...flags, '-f', file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The namespace of a service, by the id in its label. */
export async function namespaceOfService(serviceId: string): Promise<string> {
  const { items } = await kubeGet<{ items: { metadata: { namespace: string } }[] }>(
    'services.serving.knative.dev',
    '--all-namespaces',
    '-l',
    `towpath.dev/service=${serviceId.replace('_', '-')}`,
  );
  const [only] = items;
  if (only === undefined || items.length > 1) throw new Error(`${items.length} services have that id`);
  return only.metadata.namespace;
}

/** Opens a port of this machine to one in a cluster, past every policy, as its administrator may, while the work lasts. */
export async function forwarded<T>(
  namespace: string,
  target: string,
  port: number,
  work: (port: number) => Promise<T>,
  { kubectl: program, kubeconfig }: RealCluster = clusterUnderTest(),
): Promise<T> {
  const child = spawn(program, ['port-forward', '-n', namespace, target, `:${port}`], {
    env: { KUBECONFIG: kubeconfig, HOME: path.dirname(kubeconfig) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (said += part.toString()));
  try {
    const opened = await until(`a way to ${target}`, 30_000, () => {
      if (child.exitCode !== null) throw new Error(said);
      return Promise.resolve(/^Forwarding from 127\.0\.0\.1:(\d+)/m.exec(said)?.[1]);
    });
    return await work(Number(opened));
  } finally {
    child.kill();
  }
}
