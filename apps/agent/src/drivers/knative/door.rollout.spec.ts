import { isRolledOut, type Deployment } from './door.rollout.js';

const door = (status: Deployment['status']): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'door', generation: 2 },
  spec: { replicas: 1 },
  ...(status === undefined ? {} : { status }),
});
const whole = { observedGeneration: 2, replicas: 1, updatedReplicas: 1, readyReplicas: 1 };

describe('the door is rolled out', () => {
  it.each<[string, boolean, Deployment['status']]>([
    ['once all of it is new and ready', true, whole],
    ['not before anything is known of it', false, undefined],
    ['not while what is known is of the one before', false, { ...whole, observedGeneration: 1 }],
    ['not before it is ready', false, { ...whole, readyReplicas: 0 }],
    [
      'not while the one before is there too',
      false,
      { ...whole, replicas: 2, updatedReplicas: 1, readyReplicas: 2 },
    ],
    ['not while only the one before is ready', false, { ...whole, replicas: 2, readyReplicas: 1 }],
  ])('%s', (_what, expected, status) => {
    expect(isRolledOut(door(status))).toBe(expected);
  });
});
