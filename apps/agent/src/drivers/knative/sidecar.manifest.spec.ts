import type { PinnedSidecar, TargetRevision } from '#libs/domain';
import { testDigest, testId } from '#libs/testing';
import { revisionOf, seenRevision, settings, targetOf } from './knative.factory.rig.js';
import { containersOf, type ContainerStatus, type Pod } from './knative.types.js';
import { readinessOf } from './revision.readiness.js';
import { revisionSecrets } from './revision.secrets.js';
import { serviceManifest } from './service.manifest.js';
import { startEnds, startSeconds } from './start.deadline.js';

const secret = { id: testId('sec'), version: 2 };
const log: PinnedSidecar = {
  name: 'log',
  image: 'r.test/log:1',
  imageDigest: testDigest('b'),
  env: [],
  resources: { cpuMillis: 200, memoryMiB: 128 },
};
const full: PinnedSidecar = {
  ...log,
  pullSecret: secret,
  command: ['/log'],
  args: ['-v'],
  env: [
    { name: 'LEVEL', value: 'info' },
    { name: 'KEY', secret },
  ],
  files: [
    { path: '/etc/a/key', secret },
    { path: '/etc/b/key', secret },
  ],
  probes: { startup: { type: 'http', path: '/up', port: 9000, periodSeconds: 2, failureThreshold: 50 } },
  mounts: [{ volume: 'shared', mountPath: '/in' }],
};
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const of = (sidecar: PinnedSidecar, more: Partial<TargetRevision> = {}): TargetRevision =>
  revisionOf('hello-00001', { sidecars: [sidecar], ...more });
const specOf = (revision: TargetRevision): Record<string, unknown> => {
  const { spec } = serviceManifest(targetOf([revision]), revision, [], settings) as unknown as {
    spec: { template: { spec: Record<string, unknown> } };
  };
  return spec.template.spec;
};

describe('a revision with a sidecar', () => {
  it('is a pod of two containers, of which one has the port and its probe', () => {
    const containers = specOf(of(log))['containers'] as Record<string, unknown>[];
    expect(
      containers.map(({ name, ports, readinessProbe }) => [
        name,
        ports !== undefined,
        readinessProbe !== undefined,
      ]),
    ).toEqual([
      ['app', true, true],
      ['log', false, false],
    ]);
    expect(containers[1]).toEqual({
      name: 'log',
      image: `r.test/log@${testDigest('b')}`,
      env: [],
      resources: { limits: { cpu: '200m', memory: '128Mi' }, requests: { cpu: '20m', memory: '64Mi' } },
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
  });

  it('says everything of it', () => {
    const id = testId('rev');
    const kube = id.replace('_', '-');
    const volumes = [{ name: 'shared', mountPath: '/out', medium: 'disk', sizeMiB: 8 } as const];
    expect(specOf(of(full, { id, volumes, image: 'r.test/app', pullSecret: secret }))).toMatchObject({
      imagePullSecrets: [{ name: `pull-${kube}` }, { name: `pull-${kube}-log` }],
      volumes: [
        { name: 'volume-shared' },
        {
          name: 'files-log-0',
          secret: { secretName: `files-${kube}-log`, items: [{ key: 'file-0', path: 'key' }] },
        },
        {
          name: 'files-log-1',
          secret: { secretName: `files-${kube}-log`, items: [{ key: 'file-1', path: 'key' }] },
        },
      ],
      containers: [
        { volumeMounts: [{ name: 'volume-shared', mountPath: '/out' }] },
        {
          command: ['/log'],
          args: ['-v'],
          env: [
            { name: 'LEVEL', value: 'info' },
            { name: 'KEY', valueFrom: { secretKeyRef: { name: `env-${kube}-log`, key: 'KEY' } } },
          ],
          startupProbe: { httpGet: { path: '/up', port: 9000 }, periodSeconds: 2, failureThreshold: 50 },
          volumeMounts: [
            { name: 'files-log-0', mountPath: '/etc/a', readOnly: true },
            { name: 'files-log-1', mountPath: '/etc/b', readOnly: true },
            { name: 'volume-shared', mountPath: '/in' },
          ],
        },
      ],
    });
  });

  it('has Secrets of its own for it', async () => {
    const revision = of(full);
    const open = (): Promise<Uint8Array> => Promise.resolve(new TextEncoder().encode('ann:pw'));
    const made = await revisionSecrets(targetOf([revision]), revision, {
      env: () => Promise.resolve({}),
      open,
    });
    const kube = revision.id.replace('_', '-');
    expect(made.map(({ metadata, ...rest }) => [metadata.name, rest['data']])).toEqual([
      [`env-${kube}-log`, { KEY: base64('ann:pw') }],
      [`files-${kube}-log`, { 'file-0': base64('ann:pw'), 'file-1': base64('ann:pw') }],
      [`pull-${kube}-log`, { '.dockerconfigjson': expect.any(String) as unknown }],
    ]);
  });

  it('has the time of its startup probe too', () =>
    expect([startSeconds(of(log), settings), startSeconds(of(full), settings)]).toEqual([60, 110]));
});

describe('an instance with a sidecar', () => {
  const deploying = seenRevision('a', 'Unknown', { reason: 'Deploying' });
  const at = (startedAt: string): NonNullable<ContainerStatus['state']> => ({ running: { startedAt } });
  const pod = (...statuses: Partial<ContainerStatus>[]): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    status: {
      containerStatuses: statuses.map((status) => ({
        name: 'app',
        ready: false,
        restartCount: 0,
        ...status,
      })),
    },
  });
  const ended = (exitCode: number): Partial<ContainerStatus> => ({ lastState: { terminated: { exitCode } } });

  it("is told of without Knative's own container, the serving one first", () =>
    expect(containersOf(pod({ name: 'queue-proxy' }, { name: 'log' }, {})).map(({ name }) => name)).toEqual([
      'app',
      'log',
    ]));

  it('names the container that crashed, with its own last lines', () => {
    const lines = (container: string): string[] => [`of ${container}`];
    const serving = { ready: true, state: at('2026-11-22T10:00:00Z') };
    const told = readinessOf(of(log), deploying, [pod(serving, { name: 'log', ...ended(7) })], lines);
    expect(told).toMatchObject({
      status: 'false',
      reason: 'ExitCode',
      message: 'Sidecar log exited with code 7. Its last lines:\nof log',
    });
  });

  it('names the serving container before it, and the probe of whom it was', () => {
    const told = (sidecar: PinnedSidecar, pods: Pod): unknown =>
      readinessOf(of(sidecar), deploying, [pods], () => []).message;
    expect(told(log, pod({ name: 'log', ...ended(1) }, ended(2)))).toMatch(
      /^The instance exited with code 2/,
    );
    expect(told(full, pod({ name: 'log', ...ended(137) }))).toMatch(
      /^Sidecar log was ended because its startup/,
    );
    expect(told(log, pod({ name: 'log', ...ended(137) }))).toMatch(/^Sidecar log exited with code 137/);
  });

  it('says which image is not there', () => {
    const waits = { waiting: { reason: 'ErrImagePull', message: 'rpc error: r.test/log: not found' } };
    const told = readinessOf(of(log), deploying, [pod({ name: 'log', state: waits })], () => undefined);
    expect(told).toMatchObject({
      reason: 'ImageNotFound',
      message: 'Sidecar log: The image is not in its registry.',
    });
  });

  it('has its time from when the last container runs', () => {
    const [first, last] = ['2026-11-22T10:00:00Z', '2026-11-22T10:00:30Z'];
    const ends = (...states: (ContainerStatus['state'] | undefined)[]): number | undefined =>
      startEnds(
        of(log),
        [
          pod(
            ...states.map((state, index) => ({ name: index === 0 ? 'app' : 'log', ...(state && { state }) })),
          ),
        ],
        settings,
      );
    expect(ends(at(first), at(last))).toBe(Date.parse(last) + 60_000);
    expect(ends(at(first), undefined)).toBeUndefined();
  });
});
