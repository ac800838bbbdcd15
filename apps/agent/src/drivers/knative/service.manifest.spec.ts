import { firstDifference } from './drift.js';
import { PROJECT, revisionOf, settings, targetOf } from './knative.factory.rig.js';
import { cpuQuantity, memoryQuantity } from './quantity.js';
import { serviceManifest, trafficOf } from './service.manifest.js';
import type { Probes, Volume } from '#libs/domain';
import { testDigest, testId } from '#libs/testing';

const ONE = { cpuMillis: 100, memoryMiB: 64 };

const templateOf = (manifest: unknown): Record<string, unknown> =>
  (manifest as { spec: { template: Record<string, unknown> } }).spec.template;

describe('the Knative Service of a target', () => {
  it('is this, for a plain revision', () => {
    const revision = revisionOf('hello-00001');
    const target = targetOf([revision]);
    const id = (text: string): string => text.replace('_', '-');
    const labels = {
      'towpath.dev/cluster': id(settings.clusterId),
      'towpath.dev/organization': id(target.organizationId),
      'towpath.dev/project': id(PROJECT),
      'towpath.dev/service': id(target.service.id),
    };
    expect(serviceManifest(target, revision, trafficOf('hello', []), settings)).toEqual({
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { name: 'hello', namespace: id(PROJECT), labels },
      spec: {
        template: {
          metadata: {
            name: 'hello-00001',
            labels: { ...labels, 'towpath.dev/revision': id(revision.id) },
            annotations: {
              'autoscaling.knative.dev/max-scale': '100',
              'autoscaling.knative.dev/target': '80',
              'autoscaling.knative.dev/window': '60s',
              'autoscaling.knative.dev/target-burst-capacity': '0',
              'serving.knative.dev/no-gc': 'true',
              'serving.knative.dev/progress-deadline': '160s',
            },
          },
          spec: {
            containerConcurrency: 80,
            timeoutSeconds: 300,
            responseStartTimeoutSeconds: 300,
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            containers: [
              {
                name: 'app',
                image: `registry.test/app@${revision.imageDigest}`,
                ports: [{ name: 'http1', containerPort: 8080 }],
                env: [],
                resources: {
                  limits: { cpu: '1', memory: '512Mi' },
                  requests: { cpu: '100m', memory: '256Mi' },
                },
                readinessProbe: {
                  tcpSocket: { port: 0 },
                  periodSeconds: 1,
                  timeoutSeconds: 1,
                  failureThreshold: 3,
                  successThreshold: 1,
                },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  capabilities: { drop: ['ALL'] },
                  seccompProfile: { type: 'RuntimeDefault' },
                },
              },
            ],
          },
        },
        traffic: [{ latestRevision: true, percent: 100 }],
      },
    });
  });

  it.each([
    ['h2c', { protocol: 'h2c' }, { ports: [{ name: 'h2c', containerPort: 8080 }] }],
    ['a command', { command: ['node', 'a.js'] }, { command: ['node', 'a.js'] }],
    ['a value', { env: [{ name: 'A', value: '1' }] }, { env: [{ name: 'A', value: '1' }] }],
  ] as const)('says %s', (_what, more, container) => {
    const revision = revisionOf('hello-00001', more as never);
    const manifest = serviceManifest(targetOf([revision]), revision, [], settings);
    expect(templateOf(manifest)).toMatchObject({ spec: { containers: [container] } });
  });

  it.each([
    ['standard', { runAsNonRoot: true }],
    ['sandboxed', {}],
    [undefined, {}],
  ] as const)('lets nobody be root on the tier %s but where it has a kernel of its own', (tier, more) => {
    const sidecar = { name: 'log', image: 'log', imageDigest: testDigest('b'), env: [], resources: ONE };
    const given = tier === undefined ? {} : { runtimeTier: tier };
    const revision = revisionOf('hello-00001', { ...given, sidecars: [sidecar] });
    const { containers } = templateOf(serviceManifest(targetOf([revision]), revision, [], settings))[
      'spec'
    ] as {
      containers: { securityContext: unknown }[];
    };
    const securityContext = {
      ...more,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    };
    expect(containers.map((container) => container.securityContext)).toEqual([
      securityContext,
      securityContext,
    ]);
  });

  it('names a secret, never its value', () => {
    const secret = { id: testId('sec'), version: 3 };
    const revision = revisionOf('hello-00001', { env: [{ name: 'TOKEN', secret }] });
    const manifest = serviceManifest(targetOf([revision]), revision, [], settings);
    expect(templateOf(manifest)).toMatchObject({
      spec: {
        containers: [
          {
            env: [
              {
                name: 'TOKEN',
                valueFrom: { secretKeyRef: { name: `env-${revision.id.replace('_', '-')}`, key: 'TOKEN' } },
              },
            ],
          },
        ],
      },
    });
  });

  it('runs an image of a registry by its digest, pulled with the credentials of its own', () => {
    const pullSecret = { id: testId('sec'), version: 1 };
    const revision = revisionOf('hello-00001', { image: 'nginx:1.27', pullSecret });
    const manifest = serviceManifest(targetOf([revision]), revision, [], settings);
    expect(templateOf(manifest)).toMatchObject({
      spec: {
        imagePullSecrets: [{ name: `pull-${revision.id.replace('_', '-')}` }],
        containers: [{ image: `docker.io/library/nginx@${revision.imageDigest}` }],
      },
    });
  });

  it('says every number of probes, and gives a slow start its time', () => {
    const probes: Probes = {
      startup: { type: 'http', path: '/ready', periodSeconds: 5, failureThreshold: 30 },
      readiness: { type: 'grpc', timeoutSeconds: 2 },
      liveness: { type: 'tcp', initialDelaySeconds: 3 },
    };
    const revision = revisionOf('hello-00001', { probes, port: 9000, args: ['--fast'] });
    const manifest = serviceManifest(targetOf([revision]), revision, [], settings);
    expect(templateOf(manifest)).toMatchObject({
      metadata: { annotations: { 'serving.knative.dev/progress-deadline': '260s' } },
      spec: {
        containers: [
          {
            args: ['--fast'],
            startupProbe: {
              httpGet: { path: '/ready', port: 9000 },
              initialDelaySeconds: 0,
              periodSeconds: 5,
              timeoutSeconds: 1,
              failureThreshold: 30,
            },
            readinessProbe: {
              grpc: { port: 9000, service: '' },
              initialDelaySeconds: 0,
              periodSeconds: 2,
              timeoutSeconds: 2,
              failureThreshold: 3,
              successThreshold: 1,
            },
            livenessProbe: {
              tcpSocket: { port: 9000 },
              initialDelaySeconds: 3,
              periodSeconds: 10,
              timeoutSeconds: 1,
              failureThreshold: 3,
            },
          },
        ],
      },
    });
  });

  it('mounts a folder for every place of secret files, and empty ones', () => {
    const secret = { id: testId('sec'), version: 1 };
    const files = ['/etc/a/key', '/etc/b/key', '/etc/a/more'].map((path) => ({ path, secret }));
    const volumes: Volume[] = [
      { name: 'cache', mountPath: '/cache', medium: 'memory', sizeMiB: 64 },
      { name: 'work', mountPath: '/work', medium: 'disk', sizeMiB: 1024 },
    ];
    const revision = revisionOf('hello-00001', { files, volumes });
    const secretName = `files-${revision.id.replace('_', '-')}`;
    expect(templateOf(serviceManifest(targetOf([revision]), revision, [], settings))).toMatchObject({
      spec: {
        volumes: [
          {
            name: 'files-0',
            secret: {
              secretName,
              items: [
                { key: 'file-0', path: 'key' },
                { key: 'file-2', path: 'more' },
              ],
            },
          },
          { name: 'files-1', secret: { secretName, items: [{ key: 'file-1', path: 'key' }] } },
          { name: 'volume-cache', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
          { name: 'volume-work', emptyDir: { sizeLimit: '1Gi' } },
        ],
        containers: [
          {
            volumeMounts: [
              { name: 'files-0', mountPath: '/etc/a', readOnly: true },
              { name: 'files-1', mountPath: '/etc/b', readOnly: true },
              { name: 'volume-cache', mountPath: '/cache' },
              { name: 'volume-work', mountPath: '/work' },
            ],
          },
        ],
      },
    });
  });

  it('keeps the activator on the path where one request fills an instance', () => {
    const revision = revisionOf('hello-00001', { concurrency: 1 });
    const manifest = serviceManifest(targetOf([revision]), revision, [], settings);
    expect(templateOf(manifest)).toMatchObject({
      metadata: { annotations: { 'autoscaling.knative.dev/target-burst-capacity': '-1' } },
    });
  });

  it('pins traffic to ready revisions, each with its tag', () => {
    expect(trafficOf('hello', [revisionOf('hello-00001'), revisionOf('hello-blue')])).toEqual([
      { latestRevision: false, revisionName: 'hello-00001', percent: 0, tag: 'v-00001--of' },
      { latestRevision: false, revisionName: 'hello-blue', percent: 100, tag: 'v-blue--of' },
    ]);
  });
});

describe('quantities', () => {
  it.each([
    [cpuQuantity(1000), '1'],
    [cpuQuantity(1500), '1500m'],
    [cpuQuantity(80), '80m'],
    [cpuQuantity(4_000_000), '4k'],
    [memoryQuantity(512), '512Mi'],
    [memoryQuantity(2048), '2Gi'],
  ])('%s is written as Kubernetes does', (written, expected) => expect(written).toBe(expected));
});

describe('drift', () => {
  const wanted = { a: 1, list: [{ n: 'x' }], none: {}, zero: 0, empty: [] };
  it.each([
    [{ a: 1, list: [{ n: 'x', defaulted: true }], more: 2 }, undefined],
    [{ a: 2, list: [{ n: 'x' }] }, 'a'],
    [{ a: 1, list: [] }, 'list'],
    [{ a: 1, list: [{ n: 'y' }] }, 'list[0].n'],
    [{ a: 1, list: [{ n: 'x' }], zero: 3 }, 'zero'],
    [{ a: 1, list: [{ n: 'x' }], empty: [1] }, 'empty'],
  ])('of %j is at %s', (actual, path) => expect(firstDifference(wanted, actual)).toBe(path));
});
