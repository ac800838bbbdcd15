import type { CapAnswer } from '#libs/bus';
import { costAtMost, worstCost } from '#libs/domain';
import { HostPermits } from './host.permits.js';
import { OrganizationPurse, type Refused, type Wanted } from './organization.purse.js';

const PRICE = { block: 10n, request: 1n };
const REVISION = 'rev_00000000000000000001';
const MOST = worstCost(PRICE, 1);
const STANDING = { cap: '1', currency: 'USD', spent: '0', reserved: '0', resetsAt: 5_000 };
/** What billing says of an organization without one. */
const NO_CAP = { standing: undefined } as unknown as Partial<CapAnswer>;
type Wish = Parameters<ConstructorParameters<typeof OrganizationPurse>[0]['ask']>[0];

/** A purse whose questions wait for the test's answer. */
class Rig {
  now = 0;
  readonly gone = new Set<string>();
  readonly asked: {
    wish: Wish;
    answer: (allowance: bigint, more?: Partial<CapAnswer>) => Promise<void>;
    fail: () => Promise<void>;
  }[] = [];
  /** Permits as Envoy is shown them. */
  readonly shown: [host: string, id: string, requests: number][] = [];
  private ids = 0;
  readonly purse = new OrganizationPurse({
    organizationId: 'org_00000000000000000001',
    permits: new HostPermits({
      newId: () => `permit-${(this.ids += 1)}`,
      show: (host, { id, requests }) => void this.shown.push([host, id, requests]),
      now: () => this.now,
    }),
    now: () => this.now,
    ask: (wish) =>
      new Promise<CapAnswer>((resolve, reject) => {
        const settled = (): Promise<void> => new Promise((done) => setImmediate(done));
        this.asked.push({
          wish,
          answer: (allowance, more = {}) => {
            const prices = [{ revisionId: REVISION as `rev_${string}`, block: '10', request: '1' }];
            resolve({ standing: STANDING, allowance: String(allowance), prices, said: [], ...more });
            return settled();
          },
          fail: () => {
            reject(new Error('silent'));
            return settled();
          },
        });
      }),
  });

  check(stream: string): Promise<Refused | undefined> {
    const most: Wanted['most'] = () => (this.purse.priceOf(REVISION) ? MOST : undefined);
    return this.purse.check({ stream, most, untilMs: Infinity, isGone: () => this.gone.has(stream) });
  }

  /** With the price known and nothing allowed. */
  async open(): Promise<this> {
    const first = this.check('first');
    await this.asked[0]?.answer(0n);
    await this.asked[1]?.answer(0n);
    await first;
    this.asked.length = 0;
    this.now += 1_000;
    return this;
  }
}

it('asks for the price, then for what waits, and lets in what it pays for', async () => {
  const rig = new Rig();
  const answers = [rig.check('a'), rig.check('b')];
  expect(rig.asked.map(({ wish }) => wish.need)).toEqual(['0']);
  await rig.asked[0]?.answer(0n);
  expect(rig.asked[1]?.wish).toMatchObject({ keep: '0', need: String(2n * MOST) });
  await rig.asked[1]?.answer(MOST);
  expect((await Promise.all(answers)).map((one) => one?.reason)).toEqual([undefined, 'cap_reached']);
});

it('refuses without asking for a moment after nothing was left, then asks again', async () => {
  const rig = await new Rig().open();
  const refused = rig.check('a');
  await rig.asked[0]?.answer(0n);
  expect(await refused).toEqual({ reason: 'cap_reached', standing: STANDING });
  expect((await rig.check('b'))?.reason).toBe('cap_reached');
  expect(rig.asked).toHaveLength(1);
  rig.now += 200;
  const later = rig.check('c');
  await rig.asked[1]?.answer(MOST);
  expect(await later).toBeUndefined();
});

it('keeps nothing for whoever has left meanwhile', async () => {
  const rig = await new Rig().open();
  const answers = [rig.check('a'), rig.check('b')];
  rig.gone.add('a');
  await rig.asked[0]?.answer(MOST);
  await rig.asked[1]?.answer(MOST);
  expect(await Promise.all(answers)).toEqual([undefined, undefined]);
});

it('spends what it holds while nobody answers, and refuses the rest', async () => {
  const rig = await new Rig().open();
  const one = rig.check('a');
  await rig.asked[0]?.answer(2n * MOST);
  expect([await one, await rig.check('b')]).toEqual([undefined, undefined]);
  const third = rig.check('c');
  await rig.asked[1]?.fail();
  expect(await third).toEqual({ reason: 'unconfirmed', standing: STANDING });
});

it('holds what an ended request cost until the bill says its record, and gives back the rest', async () => {
  const rig = await new Rig().open();
  const one = rig.check('a');
  await rig.asked[0]?.answer(MOST);
  await one;
  const record = { stream: 'a', record: 'spl_00000000000000000001 7', revisionId: REVISION };
  rig.purse.noted(record, { lengthMs: 100, isFree: false });
  rig.now += 500;
  rig.purse.tick();
  const cost = costAtMost(PRICE, 100);
  const records = [{ producer: 'spl_00000000000000000001' as const, positions: [7] }];
  expect(rig.asked[1]?.wish).toMatchObject({ keep: String(cost), need: '0', records });
  await rig.asked[1]?.answer(cost, { said: records });
  rig.now += 500;
  rig.purse.tick();
  expect(rig.asked[2]?.wish).toMatchObject({ keep: '0', slack: '0', records: [] });
  await rig.asked[2]?.answer(0n);
  expect(rig.purse.isIdle).toBe(true);
});

it('lets everything in while the organization has no cap', async () => {
  const rig = new Rig();
  const one = rig.check('a');
  await rig.asked[0]?.answer(0n, NO_CAP);
  expect([await one, await rig.check('b')]).toEqual([undefined, undefined]);
  expect(rig.asked).toHaveLength(1);
});
