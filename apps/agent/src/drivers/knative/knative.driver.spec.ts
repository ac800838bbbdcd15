import { kubernetesName, type Clock, type Condition, type Target } from '#libs/domain';
import { KubeClient, KubeConnection, type KubeObject } from '#libs/kube';
import { createLogger } from '#libs/process';
import { FakeHttp, SteppedClock, kubeconfigOf, testId, until } from '#libs/testing';
import type { PublishedImages } from '../../images/published.images.js';
import {
  CLUSTER,
  PROJECT,
  revisionOf,
  seenRevision,
  seenService,
  settings,
  targetOf,
} from './knative.factory.rig.js';
import { trafficOf } from './service.manifest.js';
import { KubeApi } from './kube.api.rig.js';
import { KnativeDriver } from './knative.driver.js';
import { KNATIVE_SERVICE, LABELS, namespaceOf } from './knative.names.js';

const NAMESPACE = `/api/v1/namespaces/${namespaceOf(PROJECT)}`;
const KNATIVE = `/apis/serving.knative.dev/v1/namespaces/${namespaceOf(PROJECT)}`;
const QUOTA = `${NAMESPACE}/resourcequotas/towpath`;
const MIN_SCALE = 'autoscaling.knative.dev/min-scale';

describe('what somebody else claims', () => {
  const api = new KubeApi();
  const external = { image: 'registry.test/app:1' };
  const target = targetOf([revisionOf('hello-00001', external), revisionOf('hello-00002', external)]);
  const drifts: string[] = [];
  /** Hosts that were asked for through the door, and whether these are answered. */
  const asked: string[] = [];
  let isAnswered = false;
  let http: FakeHttp;
  let driver: KnativeDriver;
  let clock: Clock;
  let close: () => Promise<void>;

  const writes = (): string[] =>
    http.seen
      .filter(({ method, path }) => method !== 'GET' && !path.includes('/configmaps/'))
      .map((one) => one.path);
  const start = async (): Promise<void> => {
    http = await FakeHttp.start(api.answer);
    const { file, remove } = kubeconfigOf(http.url);
    const connection = await KubeConnection.open(file);
    driver = new KnativeDriver({
      ...{ clusterId: CLUSTER, client: new KubeClient(connection), manifests: settings },
      door: {
        open: () => Promise.resolve(),
        address: () => ({ host: '127.0.0.1', port: 1 }),
        close: () => Promise.resolve(),
        answers: (host, whom) => {
          asked.push(`${whom} ${host}`);
          return Promise.resolve(isAnswered);
        },
      },
      // what is deployed here is made elsewhere
      images: undefined as unknown as PublishedImages,
      projectOf: ({ organizationId, projectId }) => ({
        ...{ clusterId: CLUSTER, organizationId, projectId, pull: undefined },
        egress: { open: [], closed: [] },
        limits: { pods: 5, cpuMillis: 1, memoryMiB: 1, gpus: 1 },
      }),
      onDrift: (kind) => drifts.push(kind),
      ...{ clock, logger: createLogger('driver', 'silent') },
    });
    await driver.start();
    close = async () => {
      await driver.stop();
      await connection.close();
      await http.close();
      remove();
    };
  };
  const apply = (of: Target): Promise<void> =>
    driver.apply(
      of,
      () => Promise.resolve({}),
      () => Promise.reject(new Error('it has no secret')),
    );
  const contested = async (of: Target): Promise<string> => {
    await apply(of);
    return until(() => driver.contested(of.service.id)?.reason);
  };
  beforeEach(() => {
    api.there.clear();
    api.claimed = undefined;
    clock = new SteppedClock();
    [drifts.length, asked.length, isAnswered] = [0, 0, false];
  });
  afterEach(() => close());

  it('is a namespace: nothing is put into it', async () => {
    api.there.set(NAMESPACE, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespaceOf(PROJECT) },
    });
    await start();
    expect(await contested(target)).toBe('NameTaken');
    expect(writes()).toEqual([]);
  });

  it('is one object: what is there is scaled down all the same, and nothing new is made', async () => {
    const revision = seenRevision('hello-00001', 'True');
    const labels = {
      [LABELS.owner]: kubernetesName(CLUSTER),
      [LABELS.service]: kubernetesName(target.service.id),
    };
    const at = `/apis/serving.knative.dev/v1/namespaces/${namespaceOf(PROJECT)}/revisions/hello-00001`;
    api.there.set(at, {
      ...revision,
      metadata: {
        ...revision.metadata,
        labels: { ...revision.metadata.labels, ...labels },
        annotations: { [MIN_SCALE]: '2' },
      },
    });
    const ours = { [LABELS.owner]: kubernetesName(CLUSTER), [LABELS.project]: kubernetesName(PROJECT) };
    const organization = { [LABELS.organization]: kubernetesName(target.organizationId) };
    api.there.set(QUOTA, {
      ...{ apiVersion: 'v1', kind: 'ResourceQuota', spec: { hard: { pods: '7' } } },
      metadata: {
        ...{ name: 'towpath', namespace: namespaceOf(PROJECT), labels: { ...ours, ...organization } },
        managedFields: [{ manager: 'gitops', operation: 'Apply' }],
      },
    });
    api.claimed = QUOTA;
    await start();
    expect(await contested({ ...target, suspended: true })).toBe('FieldTaken');
    expect(api.there.get(at)?.metadata.annotations).toEqual({ [MIN_SCALE]: '0' });
    expect(writes().filter((path) => /knative.*\/services\//.test(path))).toEqual([]);
    expect(writes()).toContain(`${NAMESPACE}/limitranges/towpath`);
    // nothing was changed back
    expect(drifts).toEqual([]);
  });

  it('is nothing of a project whose services come at once: each of its objects is written once', async () => {
    await start();
    const { organizationId } = target;
    const names = ['one', 'two', 'three', 'four'];
    for (const name of names)
      await apply(
        targetOf([revisionOf(`${name}-00001`, external)], {
          organizationId,
          service: { id: testId('svc'), name },
        }),
      );
    await until(() => names.every((name) => writes().some((path) => path.endsWith(`/services/${name}`))));
    expect(writes().filter((path, index, all) => all.indexOf(path) !== index)).toEqual([]);
  });

  it('is nothing of a project any more once its last service is removed: for the next one it is looked for anew', async () => {
    await start();
    const { organizationId } = target;
    const looks = (): number => http.asked('GET', `${NAMESPACE}/resourcequotas`).length;
    const applyNamed = async (name: string): Promise<Target> => {
      const of = targetOf([revisionOf(`${name}-00001`, external)], {
        organizationId,
        service: { id: testId('svc'), name },
      });
      await apply(of);
      // a Service is applied after everything of its project
      await until(() => writes().find((path) => path.endsWith(`/services/${name}`)));
      return of;
    };
    const [one, two] = [await applyNamed('one'), await applyNamed('two')];
    await driver.remove(one.service.id);
    await applyNamed('three');
    expect(looks()).toBe(1);
    for (const id of driver.services()) if (id !== two.service.id) await driver.remove(id);
    await driver.remove(two.service.id);
    await applyNamed('four');
    expect(looks()).toBe(2);
  });

  it('is waited for no longer, when a service is removed, than until that is given up', async () => {
    const service = seenService('hello-00001', []);
    const labels = {
      [LABELS.owner]: kubernetesName(CLUSTER),
      [LABELS.service]: kubernetesName(target.service.id),
    };
    const at = `${KNATIVE}/services/hello`;
    const managedFields = [{ manager: 'towpath-service', operation: 'Apply' as const }];
    api.there.set(at, { ...service, metadata: { ...service.metadata, labels, managedFields } });
    await start();
    const abort = new AbortController();
    const ended = expect(driver.remove(target.service.id, abort.signal)).rejects.toMatchObject({
      name: 'AbortError',
    });
    await until(() => http.asked('DELETE', at).length > 0);
    abort.abort();
    await ended;
    expect(driver.services()).toContain(target.service.id);
  });

  it('is not what a project needs from its first service with GPUs on', async () => {
    await start();
    const quota = (): unknown => api.there.get(QUOTA)?.['spec'];
    await apply(target);
    await until(() => writes().find((path) => path.endsWith('/services/hello')));
    expect(quota()).toBeDefined();
    const resources = { cpuMillis: 1000, memoryMiB: 512, gpus: 1, gpuClass: 'l4' };
    const gpuNodes = { resource: 'nvidia.com/gpu', nodeLabels: {}, tolerations: [] };
    const { organizationId } = target;
    const service = { id: testId('svc'), name: 'gpu' };
    await apply(
      targetOf([revisionOf('gpu-00001', { ...external, resources, gpuNodes })], { organizationId, service }),
    );
    // a Service is applied after everything of its project
    await until(() => writes().find((path) => path.endsWith('/services/gpu')));
    expect(JSON.stringify(quota())).toContain('requests.nvidia.com/gpu');
    expect(drifts).toEqual([]);
  });

  it('is not what a revision that fails is told: that is told once it stood for some seconds', async () => {
    clock = { now: () => Date.now() };
    const odd = seenRevision('hello-00001', 'False', { reason: 'Odd' });
    const labels = {
      [LABELS.owner]: kubernetesName(CLUSTER),
      [LABELS.service]: kubernetesName(target.service.id),
      ...odd.metadata.labels,
    };
    const at = `/apis/serving.knative.dev/v1/namespaces/${namespaceOf(PROJECT)}/revisions/hello-00001`;
    api.there.set(at, { ...odd, metadata: { ...odd.metadata, labels } });
    await start();
    const told: (string | undefined)[] = [];
    driver.onChange((id) => told.push(driver.status(id)[0]?.ready.reason));
    await apply(target);
    await until(() => told.includes('StartFailed'), { deadlineMs: 30_000 });
    expect(told[0]).toBe('Starting');
  }, 40_000);

  it.each([
    ['an instance of it, where one serves', [{ type: 'Ready', status: 'True' }], 'instance'],
    ['the ingress, where none does', [{ type: 'Ready', status: 'False' }], 'ingress'],
  ])(
    'is not a revision that Knative says is Ready: it is once it is answered through the door, by %s',
    async (_who, conditions, whom) => {
      const [revision] = target.revisions;
      if (revision === undefined) throw new Error('a target without a revision');
      const named = { 'serving.knative.dev/revision': revision.name, [KNATIVE_SERVICE]: 'hello' };
      const pod = {
        ...{ apiVersion: 'v1', kind: 'Pod', status: { conditions } },
        metadata: { name: 'one', namespace: namespaceOf(PROJECT), labels: named },
      };
      const found: [string, KubeObject][] = [
        [`${KNATIVE}/revisions/${revision.name}`, seenRevision(revision.name, 'True')],
        [`${KNATIVE}/services/hello`, seenService(revision.name, trafficOf('hello', [revision]))],
        [`${NAMESPACE}/pods/one`, pod],
      ];
      const ours = {
        [LABELS.owner]: kubernetesName(CLUSTER),
        [LABELS.service]: kubernetesName(target.service.id),
      };
      for (const [at, { metadata, ...rest }] of found)
        api.there.set(at, { ...rest, metadata: { ...metadata, labels: { ...ours, ...metadata.labels } } });
      await start();
      const ready = (): Condition | undefined => driver.status(target.service.id)[0]?.ready;
      await apply({ ...target, revisions: [revision] });
      await until(() => asked.length > 2);
      expect([...new Set(asked)]).toEqual([`${whom} ${revision.host}`]);
      expect(ready()).toMatchObject({ status: 'unknown', reason: 'RouteComing' });
      isAnswered = true;
      await until(() => ready()?.status === 'true');
    },
  );
});
