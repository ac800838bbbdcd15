import { load } from 'js-yaml';
import type { Project, Revision, Service, Template } from '#libs/domain';
import { serviceManifest } from './service.manifest.js';

const project: Project = {
  id: 'prj_0',
  organizationId: 'org_0',
  name: 'shop',
  handle: 'shop-1a2b',
  createdAt: 0,
  version: 1,
};
const service = (more: Partial<Service> = {}, template: Partial<Service['template']> = {}): Service => ({
  id: 'svc_0',
  organizationId: 'org_0',
  projectId: 'prj_0',
  name: 'web',
  access: 'public',
  minInstances: 1,
  template: {
    source: { uploadId: 'upl_0' },
    env: [],
    resources: { cpuMillis: 500, memoryMiB: 256 },
    concurrency: 80,
    timeoutSeconds: 300,
    maxInstances: 10,
    port: 8080,
    protocol: 'http1',
    ...template,
  },
  traffic: [{ revision: 'latest', percent: 100 }],
  generation: 1,
  createdAt: 0,
  updatedAt: 0,
  version: 1,
  status: { observedGeneration: 1, traffic: [], conditions: [] },
  ...more,
});
const digest = `sha256:${'a'.repeat(64)}` as const;
const ready = { spec: { imageDigest: digest } } as Revision;
const sidecar = { image: 'example.com/log:1', env: [], resources: { cpuMillis: 100, memoryMiB: 64 } };
const log = { ...sidecar, name: 'log' };
const read = (of: Service, revision?: Revision): unknown => load(serviceManifest(of, project, revision));

describe('a service as Knative reads it', () => {
  it('carries everything that is in force', () => {
    const env = [
      { name: 'YES', value: 'no' },
      { name: 'TOKEN', secret: { name: 'token', version: 3 } },
      { name: 'KEY', secret: { name: 'key', version: 'latest' as const } },
    ];
    expect(read(service({}, { env, command: ['./run', 'a: b'] }), ready)).toEqual({
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'shop-1a2b' },
      spec: {
        template: {
          metadata: {
            annotations: {
              'autoscaling.knative.dev/min-scale': '1',
              'autoscaling.knative.dev/max-scale': '10',
            },
          },
          spec: {
            containerConcurrency: 80,
            timeoutSeconds: 300,
            containers: [
              {
                name: 'app',
                image: `registry.invalid/shop-1a2b/web@${digest}`,
                command: ['./run', 'a: b'],
                ports: [{ name: 'http1', containerPort: 8080 }],
                env: [
                  { name: 'YES', value: 'no' },
                  { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'token', key: 'version-3' } } },
                  { name: 'KEY', valueFrom: { secretKeyRef: { name: 'key', key: 'version-latest' } } },
                ],
                resources: { limits: { cpu: '500m', memory: '256Mi' } },
              },
            ],
          },
        },
        traffic: [{ latestRevision: true, percent: 100 }],
      },
    });
  });

  it.each<[string, Partial<Template>, boolean]>([
    ['needs no word of ours where it is the newest and for one registry', {}, false],
    ['says its version', { pullSecret: { name: 'r', version: 2 } }, true],
    [
      'says its container beside an image of another registry',
      { sidecars: [{ ...log, image: 'other.example/log:1' }] },
      true,
    ],
  ])('a pull secret %s', (_what, more, isSaid) => {
    const newest = { name: 'r', version: 'latest' as const };
    const text = serviceManifest(
      service({}, { image: 'example.com/web:1', pullSecret: newest, sidecars: [log], ...more }),
      project,
      undefined,
    );
    expect(text).toContain('imagePullSecrets:');
    expect(/towpath/i.test(text)).toBe(isSaid);
  });

  it.each<[string, Service, Revision | undefined, object]>([
    [
      'one whose revisions give way says so',
      service({ rollout: 'replace' }),
      ready,
      { metadata: { annotations: { 'towpath.dev/rollout': 'replace' } } },
    ],
    [
      'a private one is reached inside the cluster only',
      service({ access: 'private' }),
      ready,
      { metadata: { labels: { 'networking.knative.dev/visibility': 'cluster-local' } } },
    ],
    [
      'a tag of the newest goes with it, an older revision does not',
      service({
        traffic: [
          { revision: 'web-00001', percent: 100, tag: 'old' },
          { revision: 'latest', percent: 0, tag: 'canary' },
        ],
      }),
      ready,
      { spec: { traffic: [{ latestRevision: true, percent: 100, tag: 'canary' }] } },
    ],
    [
      'an image stays what the customer named',
      service({}, { image: 'example.com/web:1' }),
      ready,
      { spec: { template: { spec: { containers: [{ image: 'example.com/web:1' }] } } } },
    ],
    [
      'an image that was resolved is pinned',
      service({}, { image: 'example.com/web:1' }),
      { spec: { image: 'example.com/web:1', imageDigest: digest } } as Revision,
      { spec: { template: { spec: { containers: [{ image: `example.com/web@${digest}` }] } } } },
    ],
    [
      'sidecars stand beside it, by the digest of the revision where it has the same image',
      service(
        {},
        {
          image: 'example.com/web:1',
          pullSecret: { name: 'r', version: 1 },
          sidecars: [
            {
              ...sidecar,
              name: 'log',
              env: [{ name: 'A', value: '1' }],
              pullSecret: { name: 'r2', version: 1 },
            },
            {
              ...sidecar,
              ...{ name: 'new', image: 'example.com/new:2', command: ['/new'], args: ['-v'] },
              probes: { liveness: { type: 'tcp', port: 9000, periodSeconds: 3 } },
              mounts: [{ volume: 'files-0', mountPath: '/v' }],
              files: [{ path: '/etc/key', secret: { name: 'key', version: 1 } }],
            },
          ],
          volumes: [{ name: 'files-0', mountPath: '/v', medium: 'disk', sizeMiB: 8 }],
        },
      ),
      {
        spec: {
          image: 'example.com/web:1',
          imageDigest: digest,
          sidecars: [{ ...sidecar, name: 'log', imageDigest: digest, env: [] }],
        },
      } as unknown as Revision,
      {
        spec: {
          template: {
            metadata: { annotations: { 'towpath.dev/pull-secrets': 'app=r:1,log=r2:1' } },
            spec: {
              imagePullSecrets: [{ name: 'r' }, { name: 'r2' }],
              volumes: [
                { name: 'files-0', emptyDir: { sizeLimit: '8Mi' } },
                {
                  name: 'files-1',
                  projected: {
                    sources: [{ secret: { name: 'key', items: [{ key: 'version-1', path: 'key' }] } }],
                  },
                },
              ],
              containers: [
                { ports: [{ name: 'http1', containerPort: 8080 }] },
                {
                  name: 'log',
                  image: `example.com/log@${digest}`,
                  env: [{ name: 'A', value: '1' }],
                  resources: { limits: { cpu: '100m', memory: '64Mi' } },
                },
                {
                  ...{ name: 'new', image: 'example.com/new:2', command: ['/new'], args: ['-v'] },
                  livenessProbe: { tcpSocket: { port: 9000 }, periodSeconds: 3 },
                  volumeMounts: [
                    { name: 'files-1', mountPath: '/etc', readOnly: true },
                    { name: 'files-0', mountPath: '/v' },
                  ],
                },
              ],
            },
          },
        },
      },
    ],
    [
      'probes, arguments, files and folders go with it',
      service(
        {},
        {
          args: ['--fast'],
          probes: { startup: { type: 'http', path: '/up', periodSeconds: 2 }, liveness: { type: 'grpc' } },
          files: [{ path: '/etc/app/key', secret: { name: 'key', version: 2 } }],
          volumes: [{ name: 'cache', mountPath: '/cache', medium: 'memory', sizeMiB: 64 }],
        },
      ),
      ready,
      {
        spec: {
          template: {
            spec: {
              volumes: [
                {
                  name: 'files-0',
                  projected: {
                    sources: [{ secret: { name: 'key', items: [{ key: 'version-2', path: 'key' }] } }],
                  },
                },
                { name: 'cache', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
              ],
              containers: [
                {
                  args: ['--fast'],
                  startupProbe: { httpGet: { path: '/up', port: 8080 }, periodSeconds: 2 },
                  livenessProbe: { grpc: { port: 8080 } },
                  volumeMounts: [
                    { name: 'files-0', mountPath: '/etc/app', readOnly: true },
                    { name: 'cache', mountPath: '/cache' },
                  ],
                },
              ],
            },
          },
        },
      },
    ],
    [
      'what was never built says so',
      service(),
      undefined,
      {
        spec: { template: { spec: { containers: [{ image: 'registry.invalid/shop-1a2b/web:not-built' }] } } },
      },
    ],
  ])('%s', (_what, of, revision, expected) => {
    expect(read(of, revision)).toMatchObject(expected);
  });
});
