import { createLogger } from '#libs/process';
import { DatabaseClock } from './database.clock.js';

const logger = createLogger('test', 'silent');

describe('the time of the database', () => {
  let monotonic: number;
  const clockOf = (ask: () => Promise<number>) => new DatabaseClock(ask, logger, () => monotonic);
  beforeEach(() => (monotonic = 5_000));

  it('is taken as of half-way and carried on by the monotonic clock', async () => {
    const clock = clockOf(() => {
      monotonic += 40;
      return Promise.resolve(1_000_000);
    });
    expect(() => clock.now()).toThrow('not known');
    await clock.look();
    expect(clock.now()).toBe(1_000_020);
    monotonic += 500.7;
    expect(clock.now()).toBe(1_000_520);
  });

  it('is corrected by the next answer, but not by one that took too long', async () => {
    const answers = [1_000, 900_000, 2_000];
    const delays = [10, 5_000, 10];
    const clock = clockOf(() => {
      monotonic += delays.shift() ?? 0;
      return Promise.resolve(answers.shift() ?? 0);
    });
    await clock.look();
    await clock.look();
    expect(clock.now()).toBe(6_005);
    await clock.look();
    expect(clock.now()).toBe(2_005);
  });

  it('waits for a database that is not there yet', async () => {
    let asked = 0;
    const clock = clockOf(() => {
      asked += 1;
      return asked === 1 ? Promise.reject(new Error('away')) : Promise.resolve(7);
    });
    await clock.start();
    expect(asked).toBeGreaterThan(1);
    expect(clock.now()).toBeGreaterThanOrEqual(7);
    await clock.stop();
  });
});
