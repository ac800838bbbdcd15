import type { Condition } from '../condition.js';
import { rolloutOf, type RollingRevision, type RolloutPlace, type RolloutQuestion } from './rollout.rules.js';

const ready = (status: Condition['status'], reason: string): Condition => ({
  ...{ type: 'Ready', status, reason, message: 'm', changedAt: 0 },
});
const old: RollingRevision = { name: 'a-1', cpuMillis: 4000, memoryMiB: 1024, gpus: 1, gpuClass: 'l4' };
const newest: RollingRevision = { ...old, name: 'a-2' };
const TAKEN = ready('unknown', 'GpusTaken');
const FULL = ready('unknown', 'GpuNodesFull');
const SMALL = ready('unknown', 'GpuNodesSmall');
const NO_NODE = ready('unknown', 'NoGpuNode');
const STARTING = ready('unknown', 'Starting');
const ROUTE_COMING = ready('unknown', 'RouteComing');
const place = (instances = 1, says: Condition | undefined = TAKEN): RolloutPlace => ({
  ...{ isUsable: true, ready: says },
  instances: new Map([['a-1', instances]]),
});
const unsaid: RolloutPlace = { isUsable: true, ready: undefined, instances: new Map() };
const silent: RolloutPlace = { ...place(0, STARTING), isUsable: false };
const late = { isReplacing: true, isLate: true };
const question: RolloutQuestion = {
  ...{ newest, others: [old], places: [place()], isReplacing: false, isLate: false },
  traffic: [{ revision: 'latest', percent: 100 }],
  inForce: [{ revision: 'a-1', percent: 100 }],
};
const { gpus: _gpus, gpuClass: _class, ...plain } = old;
const NOBODY = [[], false];
const GIVES = [['a-1'], true];
const STAYS = [['a-1'], false];

it.each<[string, Partial<RolloutQuestion>, unknown]>([
  ['what serves and holds the GPUs gives way', {}, GIVES],
  ['nobody, when the newest only starts', { places: [place(1, STARTING)] }, NOBODY],
  ['nobody, before anything is said of it', { places: [unsaid] }, NOBODY],
  ['nobody, where every node is too small for it', { places: [place(1, SMALL)] }, NOBODY],
  ['nobody, where it has no place', { places: [] }, NOBODY],
  ['what gave way stays away while it starts', { isReplacing: true, places: [place(0, STARTING)] }, GIVES],
  ['and while it waits', { isReplacing: true, places: [place(0)] }, GIVES],
  ['and while its cluster does not answer', { isReplacing: true, places: [silent] }, GIVES],
  ['and while it waits for something else', { isReplacing: true, places: [place(0, NO_NODE)] }, GIVES],
  ['but not for ever', { ...late, places: [place(0)] }, STAYS],
  ['not for what else it waits for either', { ...late, places: [place(0, NO_NODE)] }, STAYS],
  ['nor where one of them waits', { ...late, places: [place(0, STARTING), place(0, NO_NODE)] }, STAYS],
  ['nor where nothing is said of it', { ...late, places: [unsaid] }, STAYS],
  ['nor where nobody answers any more', { ...late, places: [silent] }, STAYS],
  ['a long start is no wait', { ...late, places: [place(0, STARTING)] }, GIVES],
  ['nor is a route that comes', { ...late, places: [place(0, ROUTE_COMING), place(0, STARTING)] }, GIVES],
  ['too late to give way', { isLate: true }, STAYS],
  ['and told so, when it gave way in vain', { isLate: true, places: [place(0)] }, STAYS],
  [
    'it comes back when the newest failed in one cluster and waits in another',
    { isReplacing: true, places: [place(0, ready('false', 'CrashLoop')), place(0)] },
    STAYS,
  ],
  ['nobody, when it starts in one cluster', { places: [place(1, STARTING), place()] }, NOBODY],
  ['it gives way in all clusters at once', { places: [place(), place()] }, GIVES],
  ['not where it holds nothing in one of them', { places: [place(), place(0)] }, STAYS],
  ['not for more than it holds', { newest: { ...newest, gpus: 2 } }, STAYS],
  ['for as many as all its instances hold', { newest: { ...newest, gpus: 2 }, places: [place(2)] }, GIVES],
  ['what is as large as it, where more than GPUs lacks', { places: [place(1, FULL)] }, GIVES],
  ['not for more CPU', { newest: { ...newest, cpuMillis: 4001 }, places: [place(1, FULL)] }, STAYS],
  ['not for more memory', { newest: { ...newest, memoryMiB: 1025 }, places: [place(1, FULL)] }, STAYS],
  [
    'not two for one, where they may be on two nodes',
    { newest: { ...newest, gpus: 2 }, places: [place(2, FULL)] },
    STAYS,
  ],
  ['for more CPU, where only GPUs lack', { newest: { ...newest, cpuMillis: 4001 } }, GIVES],
  ['nobody who holds other GPUs', { others: [{ ...old, gpuClass: 'h100' }] }, NOBODY],
  ['nobody who holds none', { others: [plain] }, NOBODY],
  ['nobody who runs nothing', { places: [place(0)] }, NOBODY],
  ['nobody for a newest that gets no traffic', { traffic: [{ revision: 'a-1', percent: 100 }] }, NOBODY],
  [
    'nobody who shares the traffic with it',
    {
      traffic: [
        { revision: 'a-1', percent: 90 },
        { revision: 'latest', percent: 10 },
      ],
    },
    NOBODY,
  ],
  [
    'by its name as well',
    {
      traffic: [
        { revision: 'a-2', percent: 100 },
        { revision: 'a-1', percent: 0, tag: 'old' },
      ],
    },
    GIVES,
  ],
])('%s', (_what, more, expected) => {
  const { inTheWay, canGiveWay } = rolloutOf({ ...question, ...more });
  expect([inTheWay, canGiveWay]).toEqual(expected);
});
