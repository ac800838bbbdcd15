import { SERVING_CONTAINER } from '#libs/domain';
import { LABELS } from './knative.names.js';
import type { Pod } from './knative.types.js';
import { instanceOf } from './pod.instance.js';

const UID = '6b8f8f3a-0f43-4c53-9c3c-6d5c7b1f7a10';
const LABELLED = {
  [LABELS.service]: 'svc-00000000000000000001',
  [LABELS.revision]: 'rev-00000000000000000001',
  'serving.knative.dev/revision': 'hello-00001',
};
const pod = (status: Pod['status'], labels: Record<string, string> = LABELLED): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'hello-00001-deployment-abcde', uid: UID, namespace: 'n', labels },
  ...(status === undefined ? {} : { status }),
});
const startTime = '2026-11-22T00:00:07Z';

it.each<[string, Pod, boolean]>([
  ['on no node yet', pod({ phase: 'Pending' }), false],
  ['without a status', pod(undefined), false],
  ['whose image comes', pod({ phase: 'Pending', startTime }), true],
  ['that runs', pod({ phase: 'Running', startTime }), true],
  ['of a node that is silent', pod({ phase: 'Unknown', startTime }), true],
  ['that was evicted', pod({ phase: 'Failed', startTime }), false],
  ['that is done', pod({ phase: 'Succeeded', startTime }), false],
  ['of somebody else', pod({ phase: 'Running', startTime }, {}), false],
])('a pod %s is an instance: %#', (_what, of, is) => {
  const instance = {
    serviceId: 'svc_00000000000000000001',
    revisionId: 'rev_00000000000000000001',
    revision: 'hello-00001',
    uid: UID,
    startedAt: Date.parse(startTime),
  };
  expect(instanceOf(of)).toEqual(is ? instance : undefined);
});

const at = (second: number): string => new Date(Date.parse(startTime) + second * 1_000).toISOString();
const ready = (more: object = {}) => [{ type: 'Ready', status: 'True' as const, ...more }];
/** Says after 20 s that it is ready. */
const served = (startedAfter: number, periodSeconds?: number): Pod => {
  const app = {
    name: 'app',
    ready: true,
    restartCount: 0,
    state: { running: { startedAt: at(startedAfter) } },
  };
  const readinessProbe = periodSeconds === undefined ? {} : { periodSeconds };
  return {
    ...pod({
      ...{ phase: 'Running', startTime, containerStatuses: [app] },
      conditions: ready({ lastTransitionTime: at(20) }),
    }),
    spec: { containers: [{ name: SERVING_CONTAINER }, { name: 'queue-proxy', readinessProbe }] },
  };
};

it.each<[string, Pod, number | undefined]>([
  ['that says nothing of it', pod({ phase: 'Running', startTime }), undefined],
  [
    'that is not',
    pod({ phase: 'Running', startTime, conditions: [{ type: 'Ready', status: 'False' }] }),
    undefined,
  ],
  [
    'of which only the containers are',
    pod({ phase: 'Running', startTime, conditions: [{ type: 'ContainersReady', status: 'True' }] }),
    undefined,
  ],
  ['that does not say since when', pod({ phase: 'Running', startTime, conditions: ready() }), 0],
  ['one period of its probes before it says so', served(4, 2), 18],
  ['of probes as Kubernetes makes them', served(4), 10],
  ['not before its program was started', served(19, 2), 19],
])('an instance is ready %s: %#', (_what, of, second) => {
  const readyAt = second === undefined ? undefined : Date.parse(at(second));
  expect(instanceOf(of)?.readyAt).toBe(readyAt);
  const leaving = { ...of, metadata: { ...of.metadata, deletionTimestamp: '2026-11-22T00:10:00Z' } };
  expect(instanceOf(leaving)).not.toHaveProperty('readyAt');
});
