import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { RealCluster } from './kubectl.js';
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
  const pid = pidOf(cluster, part);
  process.kill(pid, 'SIGSTOP');
  try {
    return await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

/** Every part names the cluster's folder in its command line. @throws when it does not run */
function pidOf({ kubeconfig, name }: RealCluster, part: Part): number {
  const folder = path.dirname(path.dirname(kubeconfig));
  const pid = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .find((entry) => {
      const [program = '', ...rest] = wordsOf(entry);
      return path.basename(program) === part && rest.some((word) => word.includes(`${folder}/`));
    });
  if (pid === undefined) throw new Error(`no ${part} of ${name} runs`);
  return Number(pid);
}

function wordsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
