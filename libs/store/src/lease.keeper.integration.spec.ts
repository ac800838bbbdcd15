import { createLogger } from '#libs/process';
import { SteppedClock, testDatabase, type TestDatabase } from '#libs/testing';
import { LeaseKeeper } from './lease.keeper.js';

const logger = createLogger('test', 'silent');

describe('keeping leases', () => {
  let database: TestDatabase;
  const clock = new SteppedClock();
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.drop());

  it('tells of what it gained until that has worked, and again after a lapse', async () => {
    const told: (readonly string[])[] = [];
    const onGained = (names: readonly string[]): Promise<void> => {
      told.push(names);
      return told.length === 1 ? Promise.reject(new Error('the database went')) : Promise.resolve();
    };
    const keeper = new LeaseKeeper(['a', 'b'], 'me', database.db, clock, logger, { onGained });
    await expect(keeper.renew()).rejects.toThrow('went');
    await keeper.renew();
    await keeper.renew();
    expect(told).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    clock.step(60_000);
    await keeper.renew();
    expect(told).toHaveLength(3);
    expect(keeper.holding('a')?.epoch).toBe(2);
    await keeper.stop();
  });

  it('waits for the end of a life that was not let go', async () => {
    const dead = new LeaseKeeper(['c'], 'dead', database.db, clock, logger);
    await dead.renew();
    const next = new LeaseKeeper(['c'], 'next', database.db, clock, logger);
    await next.renew();
    expect(next.holding('c')).toBeUndefined();
    clock.step(5_000);
    await next.renew();
    expect(next.holding('c')?.epoch).toBe(2);
    await next.stop();
  });
});
