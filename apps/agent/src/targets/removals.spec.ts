import { jest } from '@jest/globals';
import { createLogger } from '#libs/process';
import { testId, until } from '#libs/testing';
import { Removals } from './removals.js';

const service = testId('svc');

/** Removals of one service, each of which ends as the next word says. */
class Rig {
  now = 0;
  readonly outcomes: ('fails' | 'ends')[] = [];
  private ended = 0;
  readonly removals = new Removals({
    width: 1,
    sharing: { tenantOf: () => 'one', each: 1 },
    logger: createLogger('test', 'silent'),
    now: () => this.now,
    remove: () =>
      this.outcomes.shift() === 'fails' ? Promise.reject(new Error('planted')) : Promise.resolve(),
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
