/** Three ways to bring services into a cluster: the agent's driver, what a person would write, and the least that can be done. */
import {
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  type KubernetesObject,
} from '@kubernetes/client-node';
import { KINDS, KubeClient, KubeConnection, pathOf, type Kind } from '#libs/kube';
import { createLogger, systemClock } from '#libs/process';
import { until } from '#libs/testing';
import { Agent, request } from 'undici';
import { PublishedImages } from '../apps/agent/src/images/published.images.js';
import { KnativeDriver } from '../apps/agent/src/drivers/knative/knative.driver.js';
import {
  factsOf,
  namespacesOf,
  ownerLabel,
  settingsOf,
  writesOf,
  type Synced,
  type Write,
} from './synced.services.js';

/** How many requests the driver has under way at a time. */
const WIDTH = 8;
const SYNC_MS = 600_000;

/** The agent's driver, beside a cluster where nothing of it is yet. */
export async function startDriver(kubeconfig: string, { clusterId }: Synced) {
  const connection = await KubeConnection.open(kubeconfig);
  const driver = new KnativeDriver({
    ...{
      clusterId,
      client: new KubeClient(connection),
      manifests: settingsOf(clusterId),
      projectOf: factsOf,
    },
    // nothing runs here, so nothing is asked for through a door, and no image was built
    door: {
      open: () => Promise.resolve(),
      address: () => ({ host: '127.0.0.1', port: 1 }),
      close: () => Promise.resolve(),
      answers: () => Promise.resolve(false),
    },
    images: undefined as unknown as PublishedImages,
    onDrift: (kind) => console.error(`drift of a ${kind}, although nobody else writes here`),
    ...{ clock: systemClock, logger: createLogger('bench', 'silent') },
  });
  await driver.start();
  const stop = async (): Promise<void> => {
    await driver.stop();
    await connection.close();
  };
  return { driver, stop };
}

/** Resolves when every service of them has been looked at to the end. */
export async function syncByDriver(driver: KnativeDriver, { targets }: Synced): Promise<void> {
  const left = new Set(targets.map(({ service }) => service.id));
  const done = Promise.withResolvers<void>();
  const end = driver.onChange((id) => {
    left.delete(id);
    if (left.size === 0) done.resolve();
  });
  const late = setTimeout(
    () => done.reject(new Error(`${left.size} services are not in the cluster`)),
    SYNC_MS,
  );
  try {
    for (const target of targets)
      await driver.apply(
        target,
        () => Promise.resolve({}),
        () => Promise.reject(new Error('there is no secret')),
      );
    await done.promise;
  } finally {
    clearTimeout(late);
    end();
  }
}

/** One object after the other with the library's own client. */
export async function syncByLibrary(kubeconfig: string, groups: readonly Write[][]): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = KubernetesObjectApi.makeApiClient(config);
  for (const { object, manager } of groups.flat())
    await api.patch(
      object as unknown as KubernetesObject,
      undefined,
      undefined,
      manager,
      true,
      PatchStrategy.ServerSideApply,
    );
}

/** The same bodies over one pool, written as text before the clock starts; nothing is looked at, known or kept. */
export class RawWays {
  private readonly agent = new Agent({ connect: { rejectUnauthorized: false }, connections: WIDTH });

  constructor(
    private readonly server: string,
    private readonly token: string,
  ) {}

  prepare(groups: readonly Write[][]): { path: string; body: string }[][] {
    return groups.map((group) =>
      group.map(({ kind, object, manager }) => {
        const { namespace, name } = object.metadata;
        const query = `fieldManager=${manager}&fieldValidation=Strict&force=false`;
        return { path: `${pathOf(kind, namespace, name)}?${query}`, body: JSON.stringify(object) };
      }),
    );
  }

  async sync(groups: readonly { path: string; body: string }[][]): Promise<void> {
    for (const group of groups) {
      const left = [...group].reverse();
      const lane = async (): Promise<void> => {
        for (let one = left.pop(); one !== undefined; one = left.pop()) await this.send(one.path, one.body);
      };
      await Promise.all(Array.from({ length: WIDTH }, lane));
    }
  }

  close(): Promise<void> {
    return this.agent.close();
  }

  private async send(path: string, body: string): Promise<void> {
    const { statusCode, body: answer } = await request(new URL(path, this.server), {
      method: 'PATCH',
      dispatcher: this.agent,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/apply-patch+yaml' },
      body,
    });
    const text = await answer.text();
    if (statusCode >= 300) throw new Error(`${path} was answered with ${statusCode}: ${text}`);
  }
}

const MADE: readonly Kind[] = [
  ...[KINDS.knativeService, KINDS.networkPolicy, KINDS.resourceQuota, KINDS.limitRange],
  ...[KINDS.serviceAccount, KINDS.secret],
];

/** Throws unless every service of them, and everything of their projects, is there. */
export async function expectSynced(client: KubeClient, synced: Synced): Promise<void> {
  const labels = ownerLabel(synced);
  const wanted = writesOf(synced).flat();
  for (const kind of [KINDS.namespace, ...MADE]) {
    const expected = wanted.filter((write) => write.kind === kind).length;
    const { items } = await client.list(kind, { labels });
    if (items.length !== expected)
      throw new Error(`${items.length} of ${expected} objects of kind ${kind.kind} are in the cluster`);
  }
}

/** Takes away everything of them: no controller does it here. */
export async function clear(client: KubeClient, synced: Synced): Promise<void> {
  const { connection } = client;
  for (const namespace of namespacesOf(synced)) {
    for (const kind of MADE) await connection.json({ method: 'DELETE', path: pathOf(kind, namespace) });
    await client.delete(KINDS.namespace, undefined, namespace);
    const path = `${pathOf(KINDS.namespace, undefined, namespace)}/finalize`;
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace }, spec: {} };
    await connection.json({ method: 'PUT', path, body });
  }
  await until(
    async () => (await client.list(KINDS.namespace, { labels: ownerLabel(synced) })).items.length === 0,
    {
      what: 'the end of the namespaces',
      deadlineMs: 60_000,
    },
  );
}
