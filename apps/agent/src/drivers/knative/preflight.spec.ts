import { Stopped, createLogger } from '#libs/process';
import { KubeClient, KubeConnection } from '#libs/kube';
import { FakeHttp, kubeconfigOf, until, type FakeReply, type SeenRequest } from '#libs/testing';
import { CLUSTER } from './knative.factory.rig.js';
import { preflightManifests } from './preflight.manifests.js';
import { ObjectWriter } from './object.writer.js';
import { Preflight } from './preflight.js';
import { findingsOf, gpusOf, isFit, skewOf, type GpuNode, type Survey } from './preflight.rules.js';

const KOURIER = 'kourier.ingress.networking.knative.dev';
const well: Survey & { knative: object } = {
  kubernetes: 'v1.35.2',
  skewMs: 0,
  knative: {
    version: '1.23.0',
    unset: [],
    ingressClass: KOURIER,
    internalTls: { isEnabled: false, hasCertificate: false },
    meshMode: 'disabled',
  },
  storageClasses: ['fast'],
  gpus: [],
  runtimeClasses: [],
};
const said = (survey: Survey): string[] =>
  findingsOf(survey).map(({ type, status, reason }) => `${type} ${status} ${reason}`);

describe('what is found of a cluster', () => {
  it('is well', () => {
    expect(said(well)).toEqual([
      'Kubernetes true Known',
      'Knative true Known',
      'Settings true Set',
      'Ingress true Kourier',
      'InternalTls true Plain',
      'Addressing true Direct',
      'Sandbox true Standard',
      'Storage true Known',
      'Gpus true None',
      'Clock true Same',
    ]);
    expect(isFit(well)).toBe(true);
  });

  const { knative: _knative, ...bare } = well;
  const encrypted = (hasCertificate: boolean): Survey => ({
    ...well,
    knative: { unset: [], ingressClass: KOURIER, internalTls: { isEnabled: true, hasCertificate } },
  });
  it.each<[string, Survey, string, boolean]>([
    ['an old Kubernetes', { ...well, kubernetes: 'v1.32.9+k3s1' }, 'Kubernetes false TooOld', true],
    ['no Knative', bare, 'Knative false NotInstalled', false],
    [
      'an old Knative',
      { ...well, knative: { ...well.knative, version: 'v1.20.1', unset: [] } },
      'Knative false TooOld',
      true,
    ],
    [
      'a Knative that was built by hand',
      { ...well, knative: { unset: [], ingressClass: KOURIER } },
      'Knative true VersionUnknown',
      true,
    ],
    [
      'settings that may not be set',
      { ...well, knative: { unset: ['config-features: a = b'], ingressClass: KOURIER } },
      'Settings false NotSet',
      true,
    ],
    [
      'another ingress',
      { ...well, knative: { unset: [], ingressClass: 'istio.x' } },
      'Ingress false NotKourier',
      false,
    ],
    [
      'an ingress that may not be seen',
      { ...well, knative: { unset: [] } },
      'Ingress unknown NotReadable',
      true,
    ],
    [
      'settings that may not be seen',
      { ...well, knative: { unset: [] } },
      'InternalTls unknown NotReadable',
      true,
    ],
    [
      'a Knative that guesses how instances are reached',
      { ...well, knative: { ...well.knative, unset: [], meshMode: 'auto' } },
      'Addressing false NotDirect',
      true,
    ],
    [
      'what says how, but may not be seen',
      { ...well, knative: { unset: [] } },
      'Addressing unknown NotReadable',
      true,
    ],
    ['what Knative encrypts', encrypted(true), 'InternalTls true Encrypted', true],
    ['what it has no certificate for', encrypted(false), 'InternalTls false NoCertificate', true],
    [
      'a sandbox',
      { ...well, runtimeClasses: [{ tier: 'standard', name: 'gvisor', isThere: true }] },
      'Sandbox true Sandboxed',
      true,
    ],
    [
      'no sandbox although one is named',
      { ...well, runtimeClasses: [{ tier: 'standard', name: 'gvisor', isThere: false }] },
      'Sandbox false NoRuntimeClass',
      false,
    ],
    [
      'no sandbox for the tier of that name, which others need not',
      { ...well, runtimeClasses: [{ tier: 'sandboxed', name: 'gvisor', isThere: false }] },
      'Sandbox false NoRuntimeClass',
      true,
    ],
    ['no storage', { ...well, storageClasses: [] }, 'Storage true None', true],
    ['GPUs', { ...well, gpus: [{ product: 'L4', nodes: 2, count: 8 }] }, 'Gpus true Counted', true],
    ['a clock ahead', { ...well, skewMs: 1_000 }, 'Clock false Ahead', true],
    ['a clock behind', { ...well, skewMs: -61_000 }, 'Clock false Behind', true],
  ])('%s', (_what, survey, expected, fit) => {
    expect(said(survey)).toContain(expected);
    expect(isFit(survey)).toBe(fit);
    for (const { status, nextStep } of findingsOf(survey))
      expect(nextStep !== undefined).toBe(status === 'false');
  });

  it('names what is to be set, one by one', () => {
    const knative = { unset: ['a: b = c', 'a: d = e'], ingressClass: KOURIER };
    const settings = findingsOf({ ...well, knative }).find(({ type }) => type === 'Settings');
    expect(settings?.message).toBe('The agent may not set, in knative-serving: a: b = c; a: d = e.');
  });

  it('counts GPUs by what nodes say they are', () => {
    const node = (name: string, count: string | undefined, product?: string): GpuNode => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: product === undefined ? {} : { 'nvidia.com/gpu.product': product } },
      status: { allocatable: count === undefined ? {} : { 'nvidia.com/gpu': count } },
    });
    const nodes = [node('a', '4', 'L4'), node('b', '2'), node('c', '4', 'L4'), node('d', '0', 'A100')];
    expect(gpusOf([...nodes, node('e', undefined)])).toEqual([
      { nodes: 1, count: 2 },
      { product: 'L4', nodes: 2, count: 8 },
    ]);
  });

  it.each([
    ['in the same second', 5_000, 5_100, 5_900, 0],
    ['asked in the next second, for it was slow', 5_000, 4_900, 9_000, 0],
    ['ahead', 9_000, 5_000, 5_500, 3_500],
    ['behind', 2_000, 5_000, 5_500, -2_001],
  ])('a clock %s', (_what, saidAt, askedAt, answeredAt, skew) =>
    expect(skewOf(saidAt, askedAt, answeredAt)).toBe(skew),
  );
});

/** The API server of a cluster whose Knative comes later, and whose rights are what the test says. */
class Api {
  hasKnative = false;
  hasNamespace = true;
  mayWrite = true;
  /** What is refused, and how. */
  refuses: (at: string) => number | undefined = () => undefined;
  /** Whether another manager applies the longest timeout. */
  isHeld = false;
  classes = [{ metadata: { name: 'gvisor' } }];
  /** What the Secret of Knative's own certificate holds, once it is there. */
  certificate: Record<string, string> | undefined;
  /** Pods of the ingress. */
  ingress: object[] = [];
  readonly maps = new Map<string, Record<string, string>>([
    ['config-network', { 'ingress-class': KOURIER }],
    ['config-features', { 'kubernetes.podspec-affinity': 'enabled' }],
  ]);

  readonly answer = ({ method, path: at, query, body }: SeenRequest): FakeReply => {
    const refused = this.refuses(at);
    if (refused !== undefined) return refusal(refused);
    if (at === '/version') return { body: { gitVersion: 'v1.35.0' } };
    const items = this.list(at, query.get('fieldSelector'));
    if (items !== undefined) return { body: { items, metadata: { resourceVersion: '1' } } };
    const isAsked = query.get('force') === 'false';
    if (this.isHeld && isAsked && at.endsWith('/config-defaults')) return HELD;
    if (at.endsWith('/configmaps')) return { body: { items: [HOLDER], metadata: { resourceVersion: '1' } } };
    return this.knative(method, at, body);
  };

  private list(at: string, fields: string | null): object[] | undefined {
    if (at.startsWith('/api/v1/namespaces/kourier-system/')) return at.endsWith('/pods') ? this.ingress : [];
    if (at.endsWith('/runtimeclasses')) return this.classes;
    if (/\/(nodes|storageclasses)$/.test(at)) return [];
    if (at !== '/api/v1/namespaces/knative-serving/secrets') return undefined;
    const isMeant = fields === 'metadata.name=routing-serving-certs' && this.certificate !== undefined;
    return isMeant ? [{ metadata: {}, data: this.certificate }] : [];
  }

  private knative(method: string, at: string, body: Buffer): FakeReply {
    if (!this.hasKnative) return refusal(404);
    if (at === '/apis/serving.knative.dev/v1') return { body: {} };
    if (!this.hasNamespace) return refusal(404);
    const name = at.split('/').at(-1) ?? '';
    const labels = { 'app.kubernetes.io/version': '1.23.0' };
    if (method === 'PATCH' && !this.mayWrite) return refusal(403);
    if (method === 'PATCH') this.write(name, body);
    const metadata = { name, namespace: 'knative-serving', labels };
    return { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: this.maps.get(name) ?? {} } };
  }

  private write(name: string, body: Buffer): void {
    const { data } = JSON.parse(body.toString()) as { data: Record<string, string> };
    this.maps.set(name, { ...this.maps.get(name), ...data });
  }
}

const HOLDER = {
  metadata: { name: 'config-defaults', managedFields: [{ manager: 'argocd', operation: 'Apply' }] },
};
const HELD: FakeReply = {
  status: 409,
  body: {
    ...{ kind: 'Status', code: 409, reason: 'Conflict' },
    details: {
      causes: [{ field: '.data.max-revision-timeout-seconds', message: 'conflict with "argocd" using v1' }],
    },
  },
};
const refusal = (code: number): FakeReply => ({ status: code, body: { kind: 'Status', code } });

const CLOCK = { now: () => 0 };
const clientParts = (
  connection: KubeConnection,
): { client: KubeClient; writer: ObjectWriter; areGpusAsked: () => boolean } => {
  const client = new KubeClient(connection);
  return { client, writer: new ObjectWriter(client, CLOCK), areGpusAsked: () => false };
};

describe('the look at a cluster', () => {
  let api: Api;
  let http: FakeHttp;
  let connection: KubeConnection;
  let preflight: Preflight;
  let file: string;
  let remove: () => void;
  const reasonOf = (type: string): string | undefined =>
    preflight.found()?.conditions.find((one) => one.type === type)?.reason;

  beforeEach(async () => {
    api = new Api();
    http = await FakeHttp.start(api.answer);
    ({ file, remove } = kubeconfigOf(http.url));
    connection = await KubeConnection.open(file);
    const parts = {
      ...clientParts(connection),
      clusterId: CLUSTER,
      runtimeClasses: { standard: 'gvisor' },
      clock: CLOCK,
    };
    preflight = new Preflight({ ...parts, logger: createLogger('preflight', 'silent') }, 10);
  });
  afterEach(async () => {
    await preflight.stop();
    await connection.close();
    await http.close();
    remove();
  });

  it('says what is missing, waits for it, and sets what Towpath needs, key by key', async () => {
    let isPassed = false;
    const passed = preflight.passed().then(() => (isPassed = true));
    await until(() => reasonOf('Knative') === 'NotInstalled');
    expect(isPassed).toBe(false);
    expect(http.seen.some(({ method }) => method === 'PATCH')).toBe(false);
    api.hasNamespace = false;
    api.hasKnative = true;
    const asked = http.seen.length;
    await until(() => http.seen.length > asked + 10);
    expect([isPassed, reasonOf('Knative')]).toEqual([false, 'NotInstalled']);
    api.classes = [];
    api.hasNamespace = true;
    await until(() => reasonOf('Sandbox') === 'NoRuntimeClass' && reasonOf('Knative') === 'Known');
    expect(isPassed).toBe(false);
    api.classes = [{ metadata: { name: 'gvisor' } }];
    await passed;
    expect([reasonOf('Knative'), reasonOf('Settings'), reasonOf('Ingress')]).toEqual([
      'Known',
      'Set',
      'Kourier',
    ]);
    for (const { metadata, data } of preflightManifests(CLUSTER))
      expect(api.maps.get(metadata.name)).toMatchObject(data);
    expect(api.maps.get('config-features')).toMatchObject({ 'kubernetes.podspec-affinity': 'enabled' });
    // the clock of the test stands at 1970
    expect(reasonOf('Clock')).toBe('Ahead');
  });

  it('waits for nothing any more once it is stopped', async () => {
    const ended = expect(preflight.passed()).rejects.toBeInstanceOf(Stopped);
    await until(() => reasonOf('Knative') === 'NotInstalled');
    await preflight.stop();
    await ended;
  });

  it('writes nothing that is there, and names what it may not write', async () => {
    api.hasKnative = true;
    for (const { metadata, data } of preflightManifests(CLUSTER)) api.maps.set(metadata.name, { ...data });
    await preflight.passed();
    expect(http.seen.some(({ method }) => method === 'PATCH')).toBe(false);
    await preflight.stop();

    api.mayWrite = false;
    api.maps.set('config-defaults', {});
    preflight = new Preflight({
      ...{
        ...clientParts(connection),
        clusterId: CLUSTER,
        runtimeClasses: { standard: 'gvisor' },
        clock: CLOCK,
      },
      logger: createLogger('preflight', 'silent'),
    });
    await preflight.passed();
    expect(preflight.found()?.conditions.find(({ type }) => type === 'Settings')).toMatchObject({
      status: 'false',
      message:
        'The agent may not set, in knative-serving: config-defaults: max-revision-timeout-seconds = 3600.',
    });
  });

  it('overwrites no setting that another manager applies, and names him', async () => {
    api.hasKnative = true;
    api.isHeld = true;
    await preflight.passed();
    expect(preflight.found()?.conditions.find(({ type }) => type === 'Settings')?.message).toContain(
      'config-defaults: max-revision-timeout-seconds = 3600 (held by argocd).',
    );
    expect(api.maps.get('config-defaults')).toBeUndefined();
    expect(api.maps.get('config-domain')).toBeDefined();
  });

  it.each<[string, Record<string, string> | undefined, string]>([
    ['no Secret', undefined, 'NoCertificate'],
    ['an empty one', {}, 'NoCertificate'],
    ['one that is issued', { 'tls.crt': 'TUlJ' }, 'Encrypted'],
  ])("of Knative's own encryption, with %s", async (_what, certificate, reason) => {
    api.hasKnative = true;
    api.maps.set('config-network', { 'ingress-class': KOURIER, 'system-internal-tls': 'Enabled' });
    api.certificate = certificate;
    await preflight.passed();
    expect(reasonOf('InternalTls')).toBe(reason);
  });

  it.each<[string, Record<string, string>, string]>([
    ['nothing is said', {}, 'NotDirect'],
    ['it is said', { 'mesh-compatibility-mode': 'Disabled' }, 'Direct'],
  ])('of how Knative reaches instances, where %s', async (_what, said, reason) => {
    api.hasKnative = true;
    api.maps.set('config-network', { 'ingress-class': KOURIER, ...said });
    await preflight.passed();
    expect(reasonOf('Addressing')).toBe(reason);
  });

  it('takes a named sandbox to be there until it has looked', async () => {
    const runtimeClasses = { sandboxed: 'kata' };
    const parts = { ...clientParts(connection), clusterId: CLUSTER, runtimeClasses, clock: CLOCK };
    preflight = new Preflight({ ...parts, logger: createLogger('preflight', 'silent') }, 10);
    api.hasKnative = true;
    api.refuses = () => 503;
    const passed = preflight.passed();
    await until(() => reasonOf('Kubernetes') === 'NotReachable');
    expect(preflight.hasSandbox()).toBe(true);
    api.refuses = () => undefined;
    await passed;
    expect([preflight.hasSandbox(), reasonOf('Sandbox')]).toEqual([false, 'NoRuntimeClass']);
  });

  it('finds a cluster not fit while its ingress answers around the door', async () => {
    api.hasKnative = true;
    await preflight.passed();
    expect([preflight.isFit(), reasonOf('IngressClosed')]).toEqual([true, undefined]);
    const ports = [{ containerPort: http.port }];
    const status = { phase: 'Running', podIP: '127.0.0.1', hostIP: '192.0.2.1' };
    api.ingress = [{ metadata: { name: 'kourier' }, spec: { containers: [{ ports }] }, status }];
    await preflight.doorStands();
    await until(() => !preflight.isFit(), { deadlineMs: 90_000 });
    expect(reasonOf('IngressClosed')).toBe('Reached');
    api.ingress = [];
    await until(() => preflight.isFit(), { deadlineMs: 90_000 });
    expect(reasonOf('IngressClosed')).toBe('NoWay');
  }, 200_000);

  it('says that it could not look, and what it may not see', async () => {
    api.hasKnative = true;
    api.refuses = () => 401;
    const passed = preflight.passed();
    await until(() => reasonOf('Kubernetes') === 'NotReachable');
    expect(preflight.found()?.conditions).toMatchObject([
      { status: 'unknown', message: 'The cluster could not be looked at: its API server answered 401.' },
    ]);
    api.refuses = (at) => (at.endsWith('/nodes') ? 403 : undefined);
    await passed;
    expect([reasonOf('Kubernetes'), reasonOf('Gpus')]).toEqual(['Known', 'NotReadable']);
  });
});
