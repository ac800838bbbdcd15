import type { ServerResponse } from 'node:http';
import { kubernetesName } from '#libs/domain';
import { KubeClient, KubeConnection, type KubeObject } from '#libs/kube';
import { createLogger } from '#libs/process';
import {
  FakeHttp,
  SteppedClock,
  kubeconfigOf,
  testId,
  until,
  type FakeReply,
  type SeenRequest,
} from '#libs/testing';
import { ClusterView } from './cluster.view.js';
import { CLUSTER, PROJECT } from './knative.factory.rig.js';
import { KNATIVE_SERVICE, LABELS, namespaceOf } from './knative.names.js';

const NAMESPACE = namespaceOf(PROJECT);
const service = testId('svc');
const labels = { [LABELS.owner]: kubernetesName(CLUSTER), [LABELS.service]: kubernetesName(service) };

function secret(name: string, version: string, more: Record<string, string> = labels): KubeObject {
  const metadata = { name, namespace: NAMESPACE, resourceVersion: version, labels: more };
  return { apiVersion: 'v1', kind: 'Secret', metadata };
}

/** What Knative made for the Service of that name, which bears our labels. */
function ofKnative(kind: string, name: string, from: string): KubeObject {
  const all = { ...labels, [KNATIVE_SERVICE]: from };
  return {
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: NAMESPACE, resourceVersion: '1', labels: all },
  };
}

function knativeService(name: string, manager: string): KubeObject {
  const operation = manager.startsWith('towpath') ? 'Apply' : 'Update';
  const metadata = { name, namespace: NAMESPACE, resourceVersion: '1', labels };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata, managedFields: [{ manager, operation }] },
  };
}

const COPY = [
  knativeService('copy', 'kubectl-client-side-apply'),
  knativeService('hello', 'towpath-serving'),
];

describe('what is seen of services', () => {
  const told: string[] = [];
  let watch: ServerResponse | undefined;
  let selector: string | null;
  let held: string | undefined;
  let there: Record<string, KubeObject[]>;
  let http: FakeHttp;
  let view: ClusterView;
  let close: () => Promise<void>;

  const answer = ({ path: at, query }: SeenRequest): FakeReply => {
    const isSecrets = at.endsWith('/secrets');
    if (isSecrets) selector = query.get('labelSelector');
    if (query.has('watch'))
      return (response) => {
        response.writeHead(200).flushHeaders();
        if (isSecrets) watch = response;
      };
    const { [at.split('/').at(-1) ?? '']: items = [] } = there;
    return { body: { items, metadata: { resourceVersion: '2' } } };
  };
  const event = (type: string, object: KubeObject): boolean | undefined =>
    watch?.write(`${JSON.stringify({ type, object })}\n`);

  const start = async (): Promise<void> => {
    told.length = 0;
    watch = undefined;
    http = await FakeHttp.start(answer);
    const { file, remove } = kubeconfigOf(http.url);
    const connection = await KubeConnection.open(file);
    const logger = createLogger('view', 'silent');
    const parts = {
      client: new KubeClient(connection),
      clusterId: CLUSTER,
      clock: new SteppedClock(),
      nameOf: () => held,
      logger,
    };
    view = new ClusterView(parts, {
      service: (id) => told.push(`look at ${id}`),
      pod: () => undefined,
      podGone: () => undefined,
      secretGone: (id, name) => told.push(`${name} of ${id} is gone`),
    });
    close = async () => {
      await view.stop();
      await connection.close();
      await http.close();
      remove();
    };
    await view.start();
    await until(() => watch);
    told.length = 0;
  };
  beforeEach(() => {
    held = undefined;
    there = { secrets: [secret('env', '1'), secret('files', '2')] };
  });
  afterEach(() => close());

  it('is that a Secret was taken away, before the service is looked at', async () => {
    await start();
    expect(selector).toBe(`${LABELS.owner}=${kubernetesName(CLUSTER)},${LABELS.service}`);
    event('DELETED', secret('env', '3'));
    await until(() => told.length === 2);
    expect(told).toEqual([`env of ${service} is gone`, `look at ${service}`]);
  });

  it('is that a Secret lost its label, and not that it changed', async () => {
    await start();
    event('MODIFIED', secret('env', '3'));
    event('MODIFIED', secret('files', '4', {}));
    await until(() => told.length === 3);
    expect(told).toEqual([`look at ${service}`, `files of ${service} is gone`, `look at ${service}`]);
  });

  it.each<[string, string | undefined, KubeObject[], string[]]>([
    ['which is held', 'hello', COPY, ['hello', 'hello-00001', 'hello-pod']],
    ['which is held, and not there', 'hello', COPY.slice(0, 1), ['hello-00001', 'hello-pod']],
    [
      'which is held, and was not applied since it was restored',
      'hello',
      [knativeService('hello', 'velero')],
      ['hello', 'hello-00001', 'hello-pod'],
    ],
    ['of which nothing is known', undefined, COPY, ['hello', 'hello-pod']],
    ['of which nothing is left', undefined, COPY.slice(0, 1), ['hello-pod']],
  ])('is nothing of a copy of a service %s', async (_what, name, services, expected) => {
    held = name;
    there['services'] = services;
    there['revisions'] = ['copy', 'hello'].map((from) => ofKnative('Revision', `${from}-00001`, from));
    there['pods'] = ['copy', 'hello'].map((from) => ofKnative('Pod', `${from}-pod`, from));
    await start();
    const { revisions } = view.seen(PROJECT, held ?? '', service);
    const seen = [view.serviceOf(service) ?? [], revisions, view.podsOf(service)].flat();
    expect(seen.map(({ metadata }) => metadata.name)).toEqual(expected);
    expect(view.allPods()).toEqual(view.podsOf(service));
    expect(view.serviceIds()).toEqual(expected.includes('hello') ? [service] : []);
  });
});
