import { once } from 'node:events';
import { jest } from '@jest/globals';
import { createLogger } from '#libs/process';
import { testId, until } from '#libs/testing';
import { Removals } from './removals.js';

const service = testId('svc');

/** Removals of one service, each of which ends as the next word says. */
class Rig {
  now = 0;
  readonly outcomes: ('fails' | 'ends' | 'waits')[] = [];
  ended = 0;
  readonly removals = new Removals({
    width: 1,
    sharing: { tenantOf: () => 'one', each: 1 },
    logger: createLogger('test', 'silent'),
    now: () => this.now,
    remove: async (_service, signal) => {
      const outcome = this.outcomes.shift();
      if (outcome === 'waits') await once(signal, 'abort');
      if (outcome !== 'ends') throw new Error('planted');
    },
    onEnd: () => (this.ended += 1),
  });

  /** Begins one that ends so. @returns whether it went well */
  async once(outcome: 'fails' | 'ends'): Promise<boolean> {
    const before = this.ended;
    this.outcomes.push(outcome);
    expect(this.removals.begin(service)).toBeUndefined();
    expect(this.removals.isUnderWay(service)).toBe(true);
    await until(() => this.ended > before);
    expect(this.removals.isUnderWay(service)).toBe(false);
    return this.removals.take(service);
  }
}

afterEach(() => jest.restoreAllMocks());

it('begins none again at once after it failed, later each time, and at once when one went well between', async () => {
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  const rig = new Rig();
  const pauses: unknown[] = [];
  for (const outcome of ['fails', 'fails', 'fails', 'ends', 'fails'] as const) {
    const isGone = await rig.once(outcome);
    const again = isGone ? { againInMs: 0 } : rig.removals.begin(service);
    pauses.push(again?.againInMs);
    rig.now += again?.againInMs ?? 0;
  }
  expect(pauses).toEqual([200, 400, 800, 0, 200]);
  expect(rig.removals.take(service)).toBe(false);
});

it('gives up one that waits when it is stopped, and calls it no failure', async () => {
  const rig = new Rig();
  rig.outcomes.push('waits');
  rig.removals.begin(service);
  await until(() => rig.outcomes.length === 0);
  await rig.removals.stop();
  expect([rig.ended, rig.removals.take(service), rig.removals.begin(service)]).toEqual([0, false, undefined]);
});
