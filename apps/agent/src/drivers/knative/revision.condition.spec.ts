import { revisionOf, targetOf } from './knative.factory.rig.js';
import { failed, waiting, type Readiness } from './readiness.rules.js';
import { FAILURE_MS, noteCondition } from './revision.condition.js';
import { heldNow, type Held } from './service.held.js';

const revision = revisionOf('hello-00001');
const START = 1_000_000;
const SAYS: Record<string, Readiness> = {
  coming: waiting('ClusterFull', 'm'),
  odd: failed('StartFailed', 'm', 'n'),
  exit: failed('ExitCode', 'm', 'n'),
  ready: { type: 'Ready', status: 'true', reason: 'Ready', message: 'm' },
};

function holding(): Held {
  return heldNow(
    targetOf([revision]),
    { env: () => Promise.resolve({}), open: () => Promise.reject(new Error('it has no secret')) },
    undefined,
  );
}

/** What is seen, and after how many ms; what is told then. */
type Step = [seen: string, atMs: number, told: string];

describe('what is told of a revision that fails', () => {
  it.each<[string, Step[]]>([
    [
      'for a moment, then is ready',
      [
        ['odd', 0, 'Starting'],
        ['odd', FAILURE_MS - 1, 'Starting'],
        ['ready', FAILURE_MS, 'Ready'],
      ],
    ],
    [
      'and goes on failing',
      [
        ['odd', 0, 'Starting'],
        ['odd', FAILURE_MS, 'StartFailed'],
      ],
    ],
    [
      'in one way after the other',
      [
        ['odd', 0, 'Starting'],
        ['exit', FAILURE_MS, 'ExitCode'],
      ],
    ],
    [
      'again, after it did not',
      [
        ['odd', 0, 'Starting'],
        ['coming', 1_000, 'ClusterFull'],
        ['odd', FAILURE_MS, 'ClusterFull'],
        ['odd', FAILURE_MS * 2, 'StartFailed'],
      ],
    ],
    [
      'after it waited',
      [
        ['coming', 0, 'ClusterFull'],
        ['exit', 1_000, 'ClusterFull'],
        ['exit', 1_000 + FAILURE_MS, 'ExitCode'],
      ],
    ],
    [
      'after it was ready, for a moment',
      [
        ['ready', 0, 'Ready'],
        ['odd', 1_000, 'Ready'],
        ['ready', 2_000, 'Ready'],
      ],
    ],
    [
      'otherwise, after that was told',
      [
        ['odd', 0, 'Starting'],
        ['odd', FAILURE_MS, 'StartFailed'],
        ['exit', FAILURE_MS + 1, 'ExitCode'],
      ],
    ],
  ])('%s', (_what, steps) => {
    const held = holding();
    const told = steps.map(([seen, atMs]) => {
      const condition = noteCondition(held, revision.id, SAYS[seen] as Readiness, [], START + atMs);
      return [seen, atMs, condition.reason];
    });
    expect(told).toEqual(steps);
  });

  it('is of the time when it is told', () => {
    const held = holding();
    noteCondition(held, revision.id, SAYS['odd'] as Readiness, [], START);
    const told = noteCondition(held, revision.id, SAYS['odd'] as Readiness, [], START + FAILURE_MS);
    expect(told).toMatchObject({ status: 'false', changedAt: START + FAILURE_MS });
  });
});
