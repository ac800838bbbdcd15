import { Metrics, createLogger } from '#libs/process';
import { SteppedClock, testDatabase, until, type TestDatabase } from '#libs/testing';
import { LeaseKeeper, type LeaseNews } from './lease.keeper.js';
import { LeaseLost, underLease, type Lease } from './lease.store.js';

const logger = createLogger('test', 'silent');
const LIFE_MS = 5_000;
const P = Array.from({ length: 9 }, (_one, index) => `p${index}`);

let database: TestDatabase;
const clock = new SteppedClock();
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

let groups = 0;
const group = (): string => `group-${++groups}`;

function keeper(of: string, owner: string, names: readonly string[], news: LeaseNews = {}): LeaseKeeper {
  const own = names.map((name) => `${of}.${name}`);
  const parts = { group: of, names: own, owner, db: database.db, clock, logger, metrics: new Metrics() };
  return new LeaseKeeper(parts, news);
}

const heldBy = (one: LeaseKeeper, of: string): Lease[] =>
  P.flatMap((name) => one.holding(`${of}.${name}`) ?? []);

/** A write under a lease that stays open until it is told to end. */
function openWrite(lease: Lease): { begun: Promise<void>; end: () => Promise<void> } {
  let begin: () => void = () => undefined;
  let goOn: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const wait = new Promise<void>((resolve) => (goOn = resolve));
  const done = underLease(database.db, lease, async () => {
    begin();
    await wait;
  });
  return { begun, end: () => (goOn(), done) };
}

describe('keeping leases', () => {
  it('tells of what it gained until that has worked, and again after a lapse', async () => {
    const of = group();
    const told: (readonly string[])[] = [];
    const onGained = (names: readonly string[]): Promise<void> => {
      told.push(names);
      return told.length === 1 ? Promise.reject(new Error('the database went')) : Promise.resolve();
    };
    const one = keeper(of, 'me', ['p0', 'p1'], { onGained });
    await expect(one.renew()).rejects.toThrow('went');
    await one.renew();
    await one.renew();
    const both = [`${of}.p0`, `${of}.p1`];
    expect(told).toEqual([both, both]);
    clock.step(60_000);
    await one.renew();
    expect(told).toHaveLength(3);
    expect(one.holding(`${of}.p0`)?.epoch).toBe(2);
    await one.stop();
  });

  it('waits for the end of a life that was not let go', async () => {
    const of = group();
    const dead = keeper(of, 'dead', ['p0']);
    await dead.renew();
    const next = keeper(of, 'next', ['p0']);
    await next.renew();
    expect(next.holding(`${of}.p0`)).toBeUndefined();
    clock.step(LIFE_MS);
    await next.renew();
    expect(next.holding(`${of}.p0`)?.epoch).toBe(2);
    await next.stop();
  });
});

describe('sharing partitions among replicas', () => {
  it('gives half to one that comes, all to one that stays, and none is nobody’s meanwhile', async () => {
    const of = group();
    const [a, b] = [keeper(of, 'a', P), keeper(of, 'b', P)];
    const free = async (): Promise<number> =>
      (
        await database.query('SELECT 1 FROM leases WHERE name LIKE $1 AND expires_at <= $2', [
          `${of}.%`,
          new Date(clock.now()),
        ])
      ).length;
    await a.renew();
    expect(heldBy(a, of)).toHaveLength(9);
    await b.renew();
    await a.renew();
    expect(await free()).toBe(0);
    await b.renew();
    expect([heldBy(a, of).length, heldBy(b, of).length]).toEqual([5, 4]);
    expect(a.ownerOf(`${of}.p8`)).toBe('b');
    await a.stop();
    expect(await free()).toBe(0);
    await b.renew();
    expect(heldBy(b, of)).toHaveLength(9);
    await b.stop();
    expect(await free()).toBe(9);
  });

  it('takes over what a dead replica held when its life is over, and shares it', async () => {
    const of = group();
    const [dead, b, c] = [keeper(of, 'dead', P), keeper(of, 'b', P), keeper(of, 'c', P)];
    for (const one of [dead, b, c, dead, b, c, dead, b, c]) await one.renew();
    expect([dead, b, c].map((one) => heldBy(one, of).length)).toEqual([3, 3, 3]);
    clock.step(LIFE_MS - 1);
    await b.renew();
    await c.renew();
    expect([b, c].map((one) => heldBy(one, of).length)).toEqual([3, 3]);
    clock.step(1);
    await b.renew();
    await c.renew();
    const counts = [b, c].map((one) => heldBy(one, of).length).sort();
    expect(counts).toEqual([4, 5]);
    await b.stop();
    await c.stop();
  });

  it('wakes who is given a partition', async () => {
    const of = group();
    const [a, b] = [keeper(of, 'a', P), keeper(of, 'b', P)];
    await a.start();
    await until(() => heldBy(a, of).length === 9, { what: 'the only one to hold all' });
    await b.start();
    await until(() => heldBy(b, of).length === 4 && heldBy(a, of).length === 5, { what: 'an even share' });
    await a.stop();
    await until(() => heldBy(b, of).length === 9, { what: 'everything after the other one left' });
    await b.stop();
  });
});

describe('a write under a lease', () => {
  const EPOCHS = 20;

  it('keeps nobody from renewing, is waited for by a take-over, and refused after one', async () => {
    const of = group();
    const [a, b] = [keeper(of, 'a', ['p0']), keeper(of, 'b', ['p0'])];
    await a.renew();
    const lease = a.holding(`${of}.p0`) as Lease;
    const write = openWrite(lease);
    await write.begun;
    clock.step(1_000);
    await a.renew();
    clock.step(LIFE_MS);
    await b.renew();
    expect(b.holding(lease.name)).toBeUndefined();
    await write.end();
    await b.renew();
    expect(b.holding(lease.name)?.epoch).toBe(2);
    await expect(underLease(database.db, lease, () => Promise.resolve())).rejects.toThrow(LeaseLost);
    await b.stop();
  });

  it('ends on the server when its process stands still in the middle', async () => {
    const of = group();
    const [stopped, b] = [keeper(of, 'stopped', ['p0']), keeper(of, 'b', ['p0'])];
    await stopped.renew();
    const lease = stopped.holding(`${of}.p0`) as Lease;
    const write = openWrite(lease);
    const outcome = write.begun.then(() => undefined);
    await outcome;
    clock.step(LIFE_MS);
    await until(
      async () => {
        await b.renew();
        return b.holding(lease.name) !== undefined;
      },
      { deadlineMs: 15_000, what: 'the take-over' },
    );
    await expect(write.end()).rejects.toThrow();
    await b.stop();
  }, 20_000);

  it(`of a former epoch is refused by the statement itself, ${EPOCHS} take-overs one after the other`, async () => {
    const of = group();
    await database.query(`CREATE TABLE IF NOT EXISTS written (epoch bigint, by text)`);
    await database.query(`GRANT INSERT ON written TO towpath_system`);
    const leases: Lease[] = [];
    for (let turn = 0; turn < EPOCHS; turn += 1) {
      const one = keeper(of, `owner-${turn}`, ['p0']);
      await one.renew();
      leases.push(one.holding(`${of}.p0`) as Lease);
      clock.step(LIFE_MS);
    }
    const insert = (lease: Lease): Promise<unknown> =>
      underLease(database.db, lease, (tx) =>
        tx.client.query(`INSERT INTO written VALUES ($1, 'x')`, [lease.epoch]),
      );
    const results = await Promise.allSettled(leases.map(insert));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(EPOCHS - 1);
    expect(refused.every(({ reason }) => reason instanceof LeaseLost)).toBe(true);
    expect(await database.query('SELECT epoch::int AS epoch FROM written')).toEqual([{ epoch: EPOCHS }]);
  });
});
