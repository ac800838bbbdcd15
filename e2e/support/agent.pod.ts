import { chown, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applyObject, clusterUnderTest, kubeGet, kubectl } from './kubectl.js';
import { until } from './until.js';

const DEPLOY = path.join(import.meta.dirname, '../../deploy');
const NAMESPACE = 'towpath-system';
/** Whose the agent's files are, by its manifest. */
const USER = 65_532;
const VOLUME = 'towpath-agent-disk';
/** That of the StatefulSet's only pod. */
const CLAIM = 'data-towpath-agent-0';

interface Pod {
  metadata: { name: string; uid: string; deletionTimestamp?: string };
  spec: { serviceAccountName: string };
  status: { conditions?: { type: string; status: string }[] };
}

/** The agent of the cluster under test as an operator runs it: deploy/agent, with what deploy/example says of one cluster. */
export class AgentPod {
  private constructor(private readonly folder: string) {}

  /** @param settings of its ConfigMap, besides those of the cluster @param token with which it joins */
  static async apply(settings: Record<string, string>, token: string): Promise<AgentPod> {
    const { agent, kubeconfig, registry } = clusterUnderTest();
    const folder = await mkdtemp(path.join(tmpdir(), 'towpath-agent-'));
    // goes with the cluster
    const disk = path.join(path.dirname(path.dirname(kubeconfig)), 'agent-disk');
    await provideVolume(disk);
    for (const name of ['agent', 'example'])
      await cp(path.join(DEPLOY, name), path.join(folder, name), { recursive: true });
    const own = path.join(folder, 'example');
    const all = Object.entries({ ...agent.settings, ...settings }).map(([key, value]) => `${key}=${value}`);
    const [name = '', tag = ''] = agent.image.split(/:(?=[^:/]*$)/);
    const overlay = (await readFile(path.join(own, 'kustomization.yaml'), 'utf8'))
      .replace(/newName: \S+, newTag: \S+/, `newName: ${name}, newTag: ${tag}`)
      .replace(/literals:(\n +- .*)+/, `literals: ${JSON.stringify(all)}`);
    await writeFile(path.join(own, 'kustomization.yaml'), overlay);
    await writeFile(path.join(own, 'join.token'), `${token}\n`);
    await writeFile(path.join(own, 'registry.password'), registry.password);
    await kubectl('apply', '-k', own);
    return new AgentPod(folder);
  }

  /** The one that is ready and does not end, but for that one. */
  ready(but = ''): Promise<Pod> {
    return until('a pod of the agent that holds its cluster', 180_000, async () => {
      const { items } = await kubeGet<{ items: Pod[] }>('pods', '-n', NAMESPACE, '-l', 'app=towpath-agent');
      const isReady = ({ status }: Pod): boolean =>
        status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;
      return items.find(
        (pod) => isReady(pod) && pod.metadata.uid !== but && pod.metadata.deletionTimestamp === undefined,
      );
    });
  }

  /** Its pod is deleted; resolves with the one that takes its place. */
  async anew(): Promise<Pod> {
    const { metadata } = await this.ready();
    await kubectl('delete', 'pod', '-n', NAMESPACE, metadata.name, '--wait=false');
    return this.ready(metadata.uid);
  }

  /** Runs a program of Node in the pod; resolves with what it printed. */
  run({ metadata }: Pod, program: string): Promise<string> {
    return kubectl('exec', '-n', NAMESPACE, metadata.name, '--', 'node', '-e', program);
  }

  /** Its rights stay, and what it made: they are the next agent's too. */
  async remove(): Promise<void> {
    await kubectl('delete', '-f', path.join(this.folder, 'agent/agent.yaml'), '--ignore-not-found');
    await kubectl('delete', 'persistentvolumeclaim', CLAIM, '-n', NAMESPACE, '--ignore-not-found');
    await kubectl('delete', 'persistentvolume', VOLUME, '--ignore-not-found');
    await rm(this.folder, { recursive: true });
  }
}

/** A disk for the claim: the test bed has nobody who makes one. */
async function provideVolume(disk: string): Promise<void> {
  await mkdir(disk, { recursive: true });
  await chown(disk, USER, USER);
  const spec = {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    hostPath: { path: disk },
    claimRef: { namespace: NAMESPACE, name: CLAIM },
  };
  await applyObject({ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: VOLUME }, spec });
}
