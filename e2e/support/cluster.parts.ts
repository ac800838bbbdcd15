import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { RealCluster } from './kubectl.js';
import { everyPid, familyOf, signal, wordsOf } from './processes.js';
import { until } from './until.js';

/** Of a real cluster, by the name of its program; one that ends is started again by e2e/cluster/scripts/node.sh. */
export type Part =
  'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubelet' | 'kube-proxy';

const BACK_MS = 60_000;

/** SIGKILL; resolves when another one runs. */
export async function killPart(cluster: RealCluster, part: Part): Promise<void> {
  const before = pidOf(cluster, part);
  process.kill(before, 'SIGKILL');
  await until(`another ${part} of ${cluster.name}`, BACK_MS, () =>
    Promise.resolve(pidOf(cluster, part) !== before),
  );
}

/** It stands still while the work lasts: whoever asks it hears nothing. */
export async function whileStill<T>(cluster: RealCluster, part: Part, work: () => Promise<T>): Promise<T> {
  stopPart(cluster, part);
  try {
    return await work();
  } finally {
    wakePart(cluster, part);
  }
}

export function stopPart(cluster: RealCluster, part: Part): void {
  process.kill(pidOf(cluster, part), 'SIGSTOP');
}

export function wakePart(cluster: RealCluster, part: Part): void {
  process.kill(pidOf(cluster, part), 'SIGCONT');
}

/** Everything that runs in a real cluster stands still, instances too; its kernel still takes what is sent to it. */
export function stopNode(cluster: RealCluster): void {
  const stopped = new Set<number>();
  // what was started meanwhile is seen by the next look
  for (let before = -1; before < stopped.size;) {
    before = stopped.size;
    for (const pid of processesOf(cluster)) if (signal(pid, 'SIGSTOP')) stopped.add(pid);
  }
}

export function wakeNode(cluster: RealCluster): void {
  for (const pid of processesOf(cluster)) signal(pid, 'SIGCONT');
}

/** All that came of the one process that holds the cluster. */
function processesOf(cluster: RealCluster): number[] {
  return familyOf(Number(readFileSync(path.join(folderOf(cluster), 'init.pid'), 'utf8')));
}

const folderOf = ({ kubeconfig }: RealCluster): string => path.dirname(path.dirname(kubeconfig));

/** Every part names the cluster's folder in its command line. @throws when it does not run */
function pidOf(cluster: RealCluster, part: Part): number {
  const folder = folderOf(cluster);
  const pid = everyPid().find((entry) => {
    const [program = '', ...rest] = wordsOf(entry);
    return path.basename(program) === part && rest.some((word) => word.includes(`${folder}/`));
  });
  if (pid === undefined) throw new Error(`no ${part} of ${cluster.name} runs`);
  return pid;
}
