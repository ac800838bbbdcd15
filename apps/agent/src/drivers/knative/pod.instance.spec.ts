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
    isReady: false,
  };
  expect(instanceOf(of)).toEqual(is ? instance : undefined);
});

it.each<[string, Pod, boolean]>([
  ['that says nothing of it', pod({ phase: 'Running', startTime }), false],
  [
    'that is not',
    pod({ phase: 'Running', startTime, conditions: [{ type: 'Ready', status: 'False' }] }),
    false,
  ],
  ['that is', pod({ phase: 'Running', startTime, conditions: [{ type: 'Ready', status: 'True' }] }), true],
  [
    'of which only the containers are',
    pod({ phase: 'Running', startTime, conditions: [{ type: 'ContainersReady', status: 'True' }] }),
    false,
  ],
])('an instance %s is ready: %#', (_what, of, is) => {
  expect(instanceOf(of)?.isReady).toBe(is);
  const leaving = { ...of, metadata: { ...of.metadata, deletionTimestamp: '2026-11-22T00:10:00Z' } };
  expect(instanceOf(leaving)?.isReady).toBe(false);
});
