import { createLogger, systemClock } from '#libs/process';
import { testDatabase, until, type TestDatabase } from '#libs/testing';
import { PARTITIONS, Partitions } from './partitions.js';

describe('partitions', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.drop());

  it('wakes the services of a gained partition until that has worked', async () => {
    const told: (readonly number[])[] = [];
    const onGained = (gained: readonly number[]): Promise<void> => {
      told.push(gained);
      return told.length === 1 ? Promise.reject(new Error('the database went')) : Promise.resolve();
    };
    const partitions = new Partitions(
      database.db,
      systemClock,
      'me',
      onGained,
      createLogger('test', 'silent'),
    );
    partitions.start();
    await until(() => told.length >= 2, { deadlineMs: 30_000, what: 'the second try' });
    await partitions.stop();
    expect(told.map((gained) => gained.length)).toEqual([PARTITIONS, PARTITIONS]);
  });
});
