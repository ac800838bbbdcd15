import { revisionOf } from './knative.factory.rig.js';
import type { Pod } from './knative.types.js';
import { waiting } from './readiness.rules.js';
import { lateStart, startEnds } from './start.deadline.js';

const settings = { startTimeoutSeconds: 20, placeTimeoutSeconds: 100 };
const AT = Date.parse('2026-11-21T10:00:00Z');

function podOf(app: object, ready: 'True' | 'False', metadata: object = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', ...metadata },
    status: {
      conditions: [{ type: 'Ready', status: ready }],
      containerStatuses: [{ name: 'app', ready: true, restartCount: 0, state: app }],
    },
  };
}
const running = { running: { startedAt: '2026-11-21T10:00:00Z' } };
const later = { running: { startedAt: '2026-11-21T10:00:05Z' } };
const slow = { startup: { type: 'http' as const, path: '/', periodSeconds: 5, failureThreshold: 10 } };

const being = { waiting: { reason: 'ContainerCreating' } };
const bare = podOf(being, 'False');
const placed: Pod = { ...bare, status: { ...bare.status, startTime: '2026-11-21T10:00:00Z' } };
const gpus = { resources: { cpuMillis: 1000, memoryMiB: 512, gpus: 1, gpuClass: 'l4' } };

describe('when a start has taken as long as it may', () => {
  it.each<[string, Pod[], object, number | undefined]>([
    ['no instance', [], {}, undefined],
    [
      'one that waits for its image',
      [podOf({ waiting: { reason: 'ContainerCreating' } }, 'False')],
      {},
      undefined,
    ],
    ['one that is ready', [podOf(running, 'True')], {}, undefined],
    ['one on its way out', [podOf(running, 'False', { deletionTimestamp: 'x' })], {}, undefined],
    ['one that runs', [podOf(running, 'False')], {}, AT + 20_000],
    ['two: the first', [podOf(later, 'False'), podOf(running, 'False')], {}, AT + 20_000],
    ['with GPUs, on a node', [placed], gpus, AT + 1_020_000],
    ['with GPUs, on no node', [podOf(being, 'False')], gpus, undefined],
    ['with GPUs, that runs', [podOf(later, 'False'), placed], gpus, AT + 25_000],
    ['with a startup probe of 50 s', [podOf(running, 'False')], { probes: slow }, AT + 60_000],
  ])('%s', (_what, pods, more, ends) => {
    expect(startEnds(revisionOf('hello-00001', more), pods, settings)).toBe(ends);
  });

  it.each([
    [podOf(running, 'False'), 'Starting', 'StartTimeout'],
    [placed, 'Starting', 'PlaceTimeout'],
    [placed, 'RegistryUnreachable', 'RegistryUnreachable'],
  ])('%# is told what it was late with', (pod, waited, reason) => {
    expect(lateStart(revisionOf('hello-00001', gpus), [pod], waiting(waited, 'm'))).toMatchObject({
      ...{ status: 'false', reason },
    });
  });
});
