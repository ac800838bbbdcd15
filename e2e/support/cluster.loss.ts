import { execFile } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { whileStill } from './cluster.parts.js';
import { kubectlOf, type RealCluster } from './kubectl.js';

const run = promisify(execFile);

const inNetwork = (name: string, ...words: string[]): Promise<unknown> =>
  run('ip', ['-n', `tow-${name}`, ...words]);

/** A real cluster loses its link: what it sends and is sent is lost, nothing is closed, what runs in it goes on. */
export async function cutLink({ name }: RealCluster): Promise<void> {
  await inNetwork(name, 'link', 'set', 'eth0', 'down');
}

export async function mendLink({ name, machine }: RealCluster): Promise<void> {
  await inNetwork(name, 'link', 'set', 'eth0', 'up');
  // it went with the link
  await inNetwork(name, 'route', 'replace', 'default', 'via', machine);
}

/** A real cluster loses its power: everything in it is killed at once, its network is silent. Back, it has its disks. */
export async function powerOff({ name }: RealCluster): Promise<void> {
  await run('e2e/cluster/scripts/power.sh', [name, 'off']);
}

/** Resolves when its API server answers; what ran in it has yet to start. */
export async function powerOn({ name }: RealCluster): Promise<void> {
  await run('e2e/cluster/scripts/power.sh', [name, 'on']);
}

/**
 * Copies what a real cluster knows of itself (its etcd).
 * @returns what puts the copy in place of it, while the cluster is without power
 */
export async function copyState(cluster: RealCluster): Promise<() => Promise<void>> {
  const state = path.join(path.dirname(path.dirname(cluster.kubeconfig)), 'etcd');
  const copy = `${state}.copy`;
  await whileStill(cluster, 'etcd', () => cp(state, copy, { recursive: true }));
  return async () => {
    await rm(state, { recursive: true });
    await cp(copy, state, { recursive: true });
  };
}

/** The door of a real cluster dies: nobody listens at its address; what runs in the cluster goes on. No node may have it. */
export async function closeDoor(cluster: RealCluster): Promise<void> {
  await placeDoor(cluster, { type: 'Recreate', rollingUpdate: null }, { 'story.test/door': 'nowhere' });
}

export async function openDoor(cluster: RealCluster): Promise<void> {
  await placeDoor(cluster, { type: 'RollingUpdate' }, null);
}

/** Both are nothing that the agent asks for, which would set it again. */
async function placeDoor(cluster: RealCluster, strategy: object, nodeSelector: object | null): Promise<void> {
  const patch = JSON.stringify({ spec: { strategy, template: { spec: { nodeSelector } } } });
  await kubectlOf(
    cluster,
    'patch',
    'deploy/towpath-door',
    '-n',
    'towpath-system',
    '--type=merge',
    '-p',
    patch,
  );
}
