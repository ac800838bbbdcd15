import { load } from 'js-yaml';
import type { Violation } from '#libs/domain';
import type { ServiceView } from '../client/wire.types.js';
import { changed, made } from './service.body.js';
import { readKnativeService, type WantedService } from './service.reader.js';

/** What `organizations.export` writes of a service that uses everything. */
const EXPORTED = `
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: web
  namespace: shop-1a2b
  labels: { networking.knative.dev/visibility: cluster-local }
  annotations: { towpath.dev/rollout: replace }
spec:
  template:
    metadata:
      annotations:
        autoscaling.knative.dev/min-scale: '1'
        autoscaling.knative.dev/max-scale: '10'
        towpath.dev/pull-secrets: app=registry:4
    spec:
      containerConcurrency: 80
      timeoutSeconds: 300
      imagePullSecrets: [{ name: registry }]
      nodeSelector: { run.googleapis.com/accelerator: nvidia-l4 }
      volumes:
        - name: files-0
          projected:
            sources: [{ secret: { name: token, items: [{ key: version-2, path: a.txt }] } }]
        - name: scratch
          emptyDir: { sizeLimit: 64Mi, medium: Memory }
      containers:
        - name: app
          image: r.test/a/b@sha256:aa
          command: [./run]
          args: ['a: b']
          startupProbe: { tcpSocket: { port: 8080 }, periodSeconds: 2 }
          readinessProbe: { httpGet: { path: /ok, port: 8080 } }
          livenessProbe: { grpc: { port: 8080, service: x } }
          volumeMounts:
            - { name: files-0, mountPath: /etc/secrets, readOnly: true }
            - { name: scratch, mountPath: /tmp }
          ports: [{ name: h2c, containerPort: 8080 }]
          env:
            - { name: A, value: b }
            - { name: TOKEN, valueFrom: { secretKeyRef: { name: token, key: version-3 } } }
            - { name: KEY, valueFrom: { secretKeyRef: { name: key, key: version-latest } } }
          resources: { limits: { cpu: 500m, memory: 256Mi, nvidia.com/gpu: '2' } }
  traffic: [{ latestRevision: true, percent: 100, tag: new }]
`;

const WANTED: WantedService = {
  name: 'web',
  namespace: 'shop-1a2b',
  access: 'private',
  minInstances: 1,
  rollout: 'replace',
  template: {
    source: null,
    image: 'r.test/a/b@sha256:aa',
    command: ['./run'],
    args: ['a: b'],
    env: [
      { name: 'A', value: 'b' },
      { name: 'TOKEN', secret: { name: 'token', version: 3 } },
      { name: 'KEY', secret: { name: 'key', version: 'latest' } },
    ],
    resources: { cpuMillis: 500, memoryMiB: 256, gpus: 2, gpuClass: 'nvidia-l4' },
    port: 8080,
    protocol: 'h2c',
    probes: {
      startup: { type: 'tcp', periodSeconds: 2 },
      readiness: { type: 'http', path: '/ok' },
      liveness: { type: 'grpc', service: 'x' },
    },
    files: [{ path: '/etc/secrets/a.txt', secret: { name: 'token', version: 2 } }],
    volumes: [{ name: 'scratch', mountPath: '/tmp', medium: 'memory', sizeMiB: 64 }],
    pullSecret: { name: 'registry', version: 4 },
    concurrency: 80,
    timeoutSeconds: 300,
    maxInstances: 10,
  },
  traffic: [{ revision: 'latest', percent: 100, tag: 'new' }],
};

const read = (document: unknown): { wanted: WantedService; problems: Violation[] } => {
  const problems: Violation[] = [];
  return { wanted: readKnativeService(document, '', problems), problems };
};

const P = 'spec.template.spec';
const C = `${P}.containers[0]`;

/** A service of one container, with more. */
const service = (container: object, spec: object = {}, metadata: object = {}, more: object = {}): object => ({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  metadata: { name: 'web', ...metadata },
  spec: { template: { spec: { containers: [{ image: 'r.test/a', ...container }], ...spec } }, ...more },
});

const SIDE = { name: 'b', image: 'b' };
const MOUNT = [{ name: 'v', mountPath: '/v' }];
const PORT = { ports: [{ containerPort: 9001 }] };

/** A service of two containers, of which the second stands beside the first. */
function ofTwo(
  beside: object,
  serving: object = {},
  volumes: object[] = [],
): { spec: { template: { spec: { containers: object[] } } } } {
  const containers = [{ image: 'a', ...serving }, beside];
  const spec = { containers, ...(volumes.length === 0 ? {} : { volumes }) };
  return { ...service({}), spec: { template: { spec } } };
}

describe('a Knative Service', () => {
  it('that Towpath wrote says everything of a service', () =>
    expect(read(load(EXPORTED))).toEqual({ wanted: WANTED, problems: [] }));

  it('read from a cluster is taken without what the cluster wrote', () => {
    const of = service({ name: 'user-container' }, { enableServiceLinks: false });
    const written = {
      name: 'web',
      uid: 'u',
      annotations: { 'serving.knative.dev/creator': 'a', 'serving.knative.dev/lastModifier': 'b' },
    };
    const { wanted, problems } = read({ ...of, metadata: written, status: { url: 'x' } });
    expect(problems).toEqual([]);
    expect(wanted).toMatchObject({ name: 'web', template: { image: 'r.test/a', probes: { startup: null } } });
  });

  it.each<[string, object, string]>([
    ['another kind', { apiVersion: 'v1', kind: 'Pod' }, 'kind'],
    ['a field of the container', service({ securityContext: {} }), `${C}.securityContext`],
    ['what it reserves', service({ resources: { requests: { cpu: '1' } } }), `${C}.resources.requests`],
    ['a policy', service({ imagePullPolicy: 'Always' }), `${C}.imagePullPolicy`],
    ['two containers and no port', ofTwo({ name: 'b', image: 'b' }), `${P}.containers`],
    ['two containers with ports', ofTwo({ ...SIDE, ports: [{}] }, { ports: [{}] }), `${P}.containers`],
    [
      'a pull secret and images of two registries',
      service(
        {},
        {
          imagePullSecrets: [{ name: 'r' }],
          containers: [
            { image: 'a', ...PORT },
            { ...SIDE, image: 'r.test/b' },
          ],
        },
      ),
      `${P}.imagePullSecrets[0]`,
    ],
    ['a sidecar without a name', ofTwo({ image: 'b' }, PORT), `${P}.containers[1].name`],
    ['a sidecar without an image', ofTwo({ name: 'b' }, PORT), `${P}.containers[1].image`],
    [
      'a readiness probe of a sidecar',
      ofTwo({ ...SIDE, readinessProbe: { tcpSocket: { port: 1 } } }, PORT),
      `${P}.containers[1].readinessProbe`,
    ],
    [
      'a probe of a sidecar without a port',
      ofTwo({ ...SIDE, livenessProbe: { tcpSocket: {} } }, PORT),
      `${P}.containers[1].livenessProbe.tcpSocket.port`,
    ],
    [
      'a volume that only a sidecar mounts',
      ofTwo({ ...SIDE, volumeMounts: [{ name: 'v', mountPath: '/v' }] }, PORT, [{ name: 'v', emptyDir: {} }]),
      `${P}.containers[1].volumeMounts[0].name`,
    ],
    [
      'an empty folder that a container has twice',
      service(
        { volumeMounts: ['/a', '/b'].map((mountPath) => ({ name: 'v', mountPath })) },
        { volumes: [{ name: 'v', emptyDir: {} }] },
      ),
      `${C}.volumeMounts[1].name`,
    ],
    [
      'huge pages',
      service({ volumeMounts: MOUNT }, { volumes: [{ name: 'v', emptyDir: { medium: 'HugePages' } }] }),
      `${P}.volumes[0].emptyDir.medium`,
    ],
    [
      'a whole Secret',
      service({ volumeMounts: MOUNT }, { volumes: [{ name: 'v', secret: { secretName: 's' } }] }),
      `${P}.volumes[0].secret.items`,
    ],
    [
      'a ConfigMap as a volume',
      service({ volumeMounts: MOUNT }, { volumes: [{ name: 'v', configMap: { name: 'c' } }] }),
      `${P}.volumes[0].configMap`,
    ],
    [
      'a volume that is none',
      service({ volumeMounts: MOUNT }, { volumes: [{ name: 'v' }] }),
      `${P}.volumes[0]`,
    ],
    [
      'a volume that nobody mounts',
      service({}, { volumes: [{ name: 'v', emptyDir: {} }] }),
      `${P}.volumes[0]`,
    ],
    ['no container', service({}, { containers: [] }), `${P}.containers`],
    ['no image', service({ image: undefined }), `${C}.image`],
    ['a second port', service({ ports: [{ containerPort: 1 }, { containerPort: 2 }] }), `${C}.ports[1]`],
    ['a protocol', service({ ports: [{ containerPort: 1, protocol: 'UDP' }] }), `${C}.ports[0].protocol`],
    [
      'another port for a probe',
      service({ livenessProbe: { tcpSocket: { port: 9 } } }),
      `${C}.livenessProbe.tcpSocket.port`,
    ],
    ['a command as a probe', service({ livenessProbe: { exec: {} } }), `${C}.livenessProbe.exec`],
    ['a size', service({ resources: { limits: { memory: 'much' } } }), `${C}.resources.limits.memory`],
    [
      'two kinds of devices',
      service({ resources: { limits: { 'nvidia.com/gpu': 1, 'amd.com/gpu': 1 } } }),
      `${C}.resources.limits["amd.com/gpu"]`,
    ],
    [
      'a device that is no GPU',
      service({ resources: { limits: { 'devices.example/fuse': 1 } } }),
      `${C}.resources.limits["devices.example/fuse"]`,
    ],
    ['a choice of nodes', service({}, { nodeSelector: { zone: 'a' } }), `${P}.nodeSelector.zone`],
    [
      'a key that is no version',
      service({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'password' } } }] }),
      `${C}.env[0].valueFrom.secretKeyRef.key`,
    ],
    [
      'a ConfigMap',
      service({ env: [{ name: 'A', valueFrom: { configMapKeyRef: {} } }] }),
      `${C}.env[0].valueFrom.configMapKeyRef`,
    ],
    [
      'a volume of the host',
      service({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }, { volumes: [{ name: 'v', hostPath: {} }] }),
      `${P}.volumes[0].hostPath`,
    ],
    [
      'a mount of nothing',
      service({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
      `${C}.volumeMounts[0].name`,
    ],
    ['an account', service({}, { serviceAccountName: 'a' }), `${P}.serviceAccountName`],
    ['a knob', service({}, {}, { annotations: { 'x.dev/y': 'z' } }), 'metadata.annotations["x.dev/y"]'],
    ['a label', service({}, {}, { labels: { team: 'a' } }), 'metadata.labels.team'],
    ['a line of no revision', service({}, {}, {}, { traffic: [{ percent: 100 }] }), 'spec.traffic[0]'],
    ['a field of the object', { ...service({}), data: {} }, 'data'],
  ])('with %s is refused, and the field is named', (_what, document, field) => {
    const { problems } = read(document);
    expect(problems.map((one) => one.field)).toContain(field);
  });

  it('names all of them at once', () => {
    const { problems } = read(service({ a: 1, b: 2 }, { c: 3 }));
    expect(problems.map(({ field }) => field).sort()).toEqual([`${C}.a`, `${C}.b`, `${P}.c`].sort());
  });
});

describe('containers beside the one that serves', () => {
  const mounts = { volumeMounts: [{ name: 'v', mountPath: '/in' }] };
  const document = ofTwo(
    {
      ...SIDE,
      ...mounts,
      command: ['/log'],
      env: [{ name: 'LEVEL', value: 'info' }],
      resources: { limits: { cpu: '100m', memory: '64Mi' } },
      startupProbe: { httpGet: { path: '/up', port: 9000 }, periodSeconds: 1 },
    },
    { ...PORT, volumeMounts: [{ name: 'v', mountPath: '/out' }] },
    [{ name: 'v', emptyDir: {} }],
  );
  const sidecar = {
    ...SIDE,
    command: ['/log'],
    env: [{ name: 'LEVEL', value: 'info' }],
    resources: { cpuMillis: 100, memoryMiB: 64 },
    probes: { startup: { type: 'http', path: '/up', port: 9000, periodSeconds: 1 } },
    mounts: [{ volume: 'v', mountPath: '/in' }],
  };

  it('are those without a port, wherever they stand', () => {
    const { wanted, problems } = read(document);
    expect(problems).toEqual([]);
    expect(wanted.template).toMatchObject({ image: 'a', port: 9001, sidecars: [sidecar] });
    const { containers } = document.spec.template.spec;
    containers.reverse();
    expect(read(document).wanted.template).toMatchObject({ image: 'a', sidecars: [sidecar] });
  });

  it('have secrets as files, also of a volume that the serving one mounts', () => {
    const items = [{ key: 'version-2', path: 'key' }];
    const volumes = [
      { name: 'own', projected: { sources: [{ secret: { name: 's', items } }] } },
      { name: 'both', secret: { secretName: 't', items } },
    ];
    const mount = (name: string, mountPath: string): object => ({ name, mountPath, readOnly: true });
    const { wanted, problems } = read(
      ofTwo(
        { ...SIDE, volumeMounts: [mount('own', '/a'), mount('both', '/b')] },
        { ...PORT, volumeMounts: [mount('both', '/c')] },
        volumes,
      ),
    );
    expect(problems).toEqual([]);
    const file = (path: string, name: string): object => ({ path, secret: { name, version: 2 } });
    expect(wanted.template.files).toEqual([file('/c/key', 't')]);
    expect(wanted.template.sidecars?.[0]?.files).toEqual([file('/a/key', 's'), file('/b/key', 't')]);
  });

  it('are made anew by a change, and go when the manifest does not name them', () => {
    const known = { version: '1', template: { env: [], sidecars: [{ name: 'b' }, { name: 'old' }] } };
    const before = [
      { name: 'b', image: null },
      { name: 'old', image: null },
    ];
    const sent = (wanted: WantedService): unknown =>
      changed(wanted, known as unknown as ServiceView).template?.sidecars;
    expect(sent(read(document).wanted)).toEqual([...before, sidecar]);
    expect(sent(read(service({})).wanted)).toEqual(before);
  });
});

describe('what is sent', () => {
  it('of a new service is what the manifest says', () => {
    const { wanted } = read(service({ env: [{ name: 'A', value: 'b' }] }));
    expect(made(wanted)).toEqual({
      name: 'web',
      template: {
        image: 'r.test/a',
        env: [{ name: 'A', value: 'b' }],
        resources: {},
        files: [],
        volumes: [],
      },
    });
  });

  it('of a known one takes away what the manifest does not say', () => {
    const known = {
      version: '7',
      template: {
        env: [
          { name: 'A', value: 'a' },
          { name: 'OLD', value: 'x' },
        ],
        files: [{ path: '/old', secret: { name: 's', version: 1 } }],
        volumes: [{ name: 'scratch' }],
      },
    } as unknown as ServiceView;
    const { wanted } = read(service({ env: [{ name: 'A', value: 'b' }] }, { timeoutSeconds: 5 }));
    expect(changed(wanted, known)).toEqual({
      version: '7',
      template: {
        ...{ source: null, image: 'r.test/a', command: null, args: null, pullSecret: null },
        probes: { startup: null, readiness: null, liveness: null },
        env: [
          { name: 'OLD', value: null },
          { name: 'A', value: 'b' },
        ],
        files: [{ path: '/old', secret: null }],
        volumes: [{ name: 'scratch', mountPath: null }],
        resources: { cpuMillis: null, memoryMiB: null, gpus: null, gpuClass: null },
        ...{ concurrency: null, timeoutSeconds: 5, maxInstances: null, port: null, protocol: null },
      },
    });
  });
});
