import { TowpathError } from '#libs/domain';
import { KubeError } from '#libs/kube';
import type { KnativeRevision, Pod } from './knative.types.js';
import { ContestedError } from './contested.js';
import { revisionOf, seenRevision } from './knative.factory.rig.js';
import { obstacleOf, readinessOf, waitedFor } from './revision.readiness.js';

const revision = revisionOf('hello-00001');
const unable = (rest: string): { reason: string; message: string } => ({
  reason: 'ContainerMissing',
  message: `Unable to fetch image "r.test/a:b": failed to resolve image to digest: ${rest}`,
});

/** What Knative 1.23 wrote on real clusters, and what a customer is told. */
const TOLD: [string, KnativeRevision | undefined, string, string][] = [
  ['nothing yet', undefined, 'unknown', 'Starting'],
  [
    'a status of a former generation',
    { ...seenRevision('a', 'True'), status: { observedGeneration: 0 } },
    'unknown',
    'Starting',
  ],
  ['Ready', seenRevision('a', 'True'), 'true', 'Ready'],
  ['deploying', seenRevision('a', 'Unknown', { reason: 'Deploying' }), 'unknown', 'Starting'],
  [
    'a container that was not made in time',
    seenRevision('a', 'False', { reason: 'ContainerCreating' }),
    'false',
    'PlaceTimeout',
  ],
  [
    'a tag that is not there',
    seenRevision(
      'a',
      'False',
      unable('HEAD http://r.test/v2/a/manifests/b: unexpected status code 404 Not Found'),
    ),
    'false',
    'ImageNotFound',
  ],
  [
    'no right to pull',
    seenRevision(
      'a',
      'False',
      unable('HEAD http://r.test/v2/a/manifests/b: unexpected status code 401 Unauthorized'),
    ),
    'false',
    'ImageNotAllowed',
  ],
  [
    'a registry that is down',
    seenRevision(
      'a',
      'False',
      unable('Get "http://r.test/v2/": dial tcp 10.20.3.1:5009: connect: connection refused'),
    ),
    'unknown',
    'RegistryUnreachable',
  ],
  [
    'a pull refused by digest',
    seenRevision('a', 'False', {
      reason: 'ErrImagePull',
      message:
        'failed to pull and unpack image: pulling from host r.test failed with status code [manifests sha256:aa]: 401 Unauthorized',
    }),
    'unknown',
    'ImageNotAllowed',
  ],
  [
    'no room on any node',
    seenRevision('a', 'False', {
      reason: 'Unschedulable',
      message: '0/1 nodes are available: 1 Insufficient cpu.',
    }),
    'unknown',
    'ClusterFull',
  ],
  [
    'no quota',
    seenRevision('a', 'False', {
      reason: 'FailedCreate',
      message: 'pods "a" is forbidden: exceeded quota: towpath',
    }),
    'false',
    'QuotaExceeded',
  ],
  [
    'a rule of the cluster',
    seenRevision('a', 'False', {
      reason: 'FailedCreate',
      message: 'pods "a" is forbidden: violates PodSecurity',
    }),
    'false',
    'AdmissionRefused',
  ],
  [
    'the end of the progress deadline',
    seenRevision('a', 'False', {
      reason: 'ProgressDeadlineExceeded',
      message: 'Initial scale was never achieved',
    }),
    'false',
    'StartTimeout',
  ],
  [
    'anything else',
    seenRevision('a', 'False', { reason: 'Odd', message: 'secret inner text' }),
    'false',
    'StartFailed',
  ],
];

describe('what a cluster says about a revision', () => {
  it.each(TOLD)('%s', (_what, seen, status, reason) => {
    const told = readinessOf(revision, seen, [], () => []);
    expect(told).toMatchObject({ type: 'Ready', status, reason });
    expect(told.message).not.toMatch(/secret inner text|r\.test|10\.20/);
    expect(told.nextStep === undefined).toBe(status !== 'false');
  });
});

const pod = (state: NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  status: { containerStatuses: [state] },
});

describe('a crash before the port is open', () => {
  const waiting = seenRevision('a', 'Unknown', { reason: 'Deploying' });
  it.each([
    ['an exit code', { exitCode: 3, reason: 'Error' }, 0, 'ExitCode', /code 3 .*Its last lines:\nboom/s],
    ['a loop', { exitCode: 3, reason: 'Error' }, 4, 'CrashLoop', /4 times in a row/],
    ['no memory', { exitCode: 137, reason: 'OOMKilled' }, 1, 'OutOfMemory', /more memory than its limit/],
    [
      'no such command',
      { exitCode: 128, reason: 'StartError' },
      0,
      'StartFailed',
      /command is not in the image/,
    ],
  ])('by %s', (_what, terminated, restartCount, reason, message) => {
    const app = { name: 'app', ready: false, restartCount, lastState: { terminated } };
    const told = readinessOf(revision, waiting, [pod(app)], () => ['boom']);
    expect(told).toMatchObject({ status: 'false', reason });
    expect(told.message).toMatch(message);
  });

  it('by a probe that was not answered says so', () => {
    const probed = revisionOf('hello-00001', { probes: { startup: { type: 'tcp' } } });
    const app = { name: 'app', ready: false, restartCount: 1, lastState: { terminated: { exitCode: 137 } } };
    expect(readinessOf(probed, waiting, [pod(app)], () => [])).toMatchObject({
      status: 'false',
      reason: 'ProbeFailed',
    });
    expect(readinessOf(revision, waiting, [pod(app)], () => [])).toMatchObject({ reason: 'ExitCode' });
  });

  it('is none of the sidecar, nor of an instance that serves again', () => {
    const terminated = { exitCode: 1 };
    const sidecar = { name: 'queue-proxy', ready: false, restartCount: 1, lastState: { terminated } };
    const healed = { name: 'app', ready: true, restartCount: 1, lastState: { terminated } };
    for (const state of [sidecar, healed])
      expect(readinessOf(revision, waiting, [pod(state)], () => [])).toMatchObject({
        status: 'unknown',
        reason: 'Starting',
      });
  });
});

describe('what an instance waits for', () => {
  const deploying = seenRevision('a', 'Unknown', { reason: 'Deploying' });
  const late = seenRevision('a', 'False', {
    reason: 'ProgressDeadlineExceeded',
    message: 'Initial scale was never achieved',
  });
  const waits = (reason: string, message: string): Pod =>
    pod({ name: 'app', ready: false, restartCount: 0, state: { waiting: { reason, message } } });

  it.each([
    [
      'CreateContainerConfigError',
      'container has runAsNonRoot and image will run as root (pod: "a_prj-1(5)", container: app)',
      'false',
      'ImageRunsAsRoot',
    ],
    [
      'CreateContainerConfigError',
      'container has runAsNonRoot and image has non-numeric user (node), cannot verify user is non-root (pod: "a_prj-1(5)", container: app)',
      'false',
      'ImageRunsAsRoot',
    ],
    [
      'CreateContainerConfigError',
      'container has runAsNonRoot and image will run as root (pod: "a_prj-1(5)", container: log)',
      'false',
      'SidecarRunsAsRoot',
    ],
    ['CreateContainerConfigError', 'secret "env-a" not found', 'false', 'ContainerNotCreated'],
    [
      'ErrImagePull',
      'rpc error: code = NotFound desc = r.test/a@sha256:aa: not found',
      'false',
      'ImageNotFound',
    ],
    [
      'ImagePullBackOff',
      'Back-off pulling image: ErrImagePull: 401 Unauthorized',
      'unknown',
      'ImageNotAllowed',
    ],
    [
      'ErrImagePull',
      'r.test/a@sha256:a401b403: dial tcp 10.20.3.1:40136: connect: connection refused',
      'unknown',
      'RegistryUnreachable',
    ],
    ['ErrImagePull', 'dial tcp 10.20.3.1:443: connect: connection refused', 'unknown', 'RegistryUnreachable'],
    ['CreateContainerConfigError', 'secret "x" not found', 'false', 'ContainerNotCreated'],
    ['ContainerCreating', '', 'unknown', 'Starting'],
  ])('%s: %s', (reason, message, status, told) => {
    const said = readinessOf(
      { ...revision, image: 'r.test/a' },
      deploying,
      [waits(reason, message)],
      () => undefined,
    );
    expect(said).toMatchObject({ status, reason: told });
    expect(said.message).not.toMatch(/r\.test|10\.20|sha256/);
  });

  it('asks for its source again where what was built of it is root', () => {
    const root = 'container has runAsNonRoot and image will run as root (pod: "a_prj-1(5)", container: app)';
    const said = readinessOf(
      revision,
      deploying,
      [waits('CreateContainerConfigError', root)],
      () => undefined,
    );
    expect(said).toMatchObject({ status: 'false', reason: 'BuildRunsAsRoot' });
  });

  it('is what its container says last, although Knative repeats the first', () => {
    const first = seenRevision('a', 'False', { reason: 'ErrImagePull', message: '401 Unauthorized' });
    const then = waits('ErrImagePull', 'r.test/a@sha256:aa: not found');
    const said = readinessOf(revision, first, [then], () => undefined);
    expect(said).toMatchObject({ status: 'false', reason: 'ImageNotFound' });
  });

  it.each([
    ['ClusterFull', 'ClusterFull', /No node of the cluster had room/],
    ['RegistryUnreachable', 'RegistryUnreachable', /did not answer in the time/],
    ['ImageNotAllowed', 'ImageNotAllowed', /does not let/],
    ['Starting', 'StartTimeout', /Port 8080/],
    [undefined, 'StartTimeout', /Port 8080/],
  ])('after the deadline, when the last word was %s', (before, reason, message) => {
    const said = readinessOf(revision, late, [], () => undefined, before);
    expect(said).toMatchObject({
      status: 'false',
      reason,
      message: expect.stringMatching(message) as string,
    });
    expect(said.nextStep).toBeDefined();
  });

  it('keeps what a start waits for until a container has run', () => {
    const full = seenRevision('a', 'False', { reason: 'Unschedulable', message: '0/1 nodes are available' });
    const app = { name: 'app', ready: false, restartCount: 0 };
    const running = pod({ ...app, state: { running: {} } });
    const told = (steps: [typeof full, Pod[]][]): string => {
      let waited: string | undefined;
      let last = '';
      for (const [seen, pods] of steps) {
        const readiness = readinessOf(revision, seen, pods, () => undefined, waited);
        waited = waitedFor(readiness, pods, waited);
        last = readiness.reason;
      }
      return last;
    };
    // the deadline: first the instances go, then it is told; asked again, the answer is the same
    expect(
      told([
        [full, []],
        [deploying, []],
        [late, []],
        [late, []],
      ]),
    ).toBe('ClusterFull');
    expect(
      told([
        [full, []],
        [deploying, [running]],
        [late, []],
      ]),
    ).toBe('StartTimeout');
  });

  it('names the probe where there is one', () => {
    const probed = revisionOf('hello-00001', { probes: { readiness: { type: 'http', path: '/' } } });
    expect(readinessOf(probed, late, [], () => undefined).message).toMatch(/readiness probe/);
  });
});

describe('what stands in the way before the cluster has the revision', () => {
  it.each([
    [
      new KubeError(403, 'Forbidden', 'services "a" is forbidden: exceeded quota: towpath'),
      'false',
      'QuotaExceeded',
    ],
    [
      new KubeError(400, 'BadRequest', 'admission webhook "w" denied the request: inner'),
      'false',
      'AdmissionRefused',
    ],
    [new KubeError(422, 'Invalid', 'spec.x: inner'), 'false', 'AdmissionRefused'],
    [ContestedError.fieldTaken(seenRevision('a', 'True'), []), 'false', 'FieldTaken'],
    [new TowpathError('FAILED_PRECONDITION', 'The secret is not user:password.'), 'false', 'StartFailed'],
    [
      new TowpathError('UNAVAILABLE', 'The registry of images does not answer.'),
      'unknown',
      'RegistryUnreachable',
    ],
  ])('%s', (error, status, reason) => {
    const told = obstacleOf(error, revision);
    expect(told).toMatchObject({ status, reason });
    expect(told?.message).not.toContain('inner');
  });

  it.each([
    new KubeError(500, 'InternalError', 'x'),
    new KubeError(409, 'Conflict', 'x'),
    new Error('x'),
    undefined,
  ])('is nothing a customer could know: %s', (error) => expect(obstacleOf(error, revision)).toBeUndefined());
});
