import fc from 'fast-check';
import { fraction } from '../price/ratio.js';
import { propertyRuns } from '../property.rig.js';
import { capacityOf, changesOf, sweepBlocks, unitsOfRequest } from '../rating/blocks.js';
import type { Interval } from '../usage/usage.types.js';
import { CapAccount } from './cap.account.js';
import { capAmount, costAtMost, worstCost } from './cap.price.js';
import { allowanceOf, capLeft, permitSize } from './cap.rules.js';
import type { CapMoney } from './cap.types.js';

const PRICE = { block: 2_525_000n, request: 400_000n };
const TIMEOUT_SECONDS = 1;
const MOST = worstCost(PRICE, TIMEOUT_SECONDS);

describe('an account', () => {
  const account = (allowed: CapMoney): CapAccount => {
    const made = new CapAccount();
    made.allow(allowed);
    return made;
  };

  it('lets in what it may pay for at its worst, and holds what it cost until the bill says so', () => {
    const one = account(25n);
    expect([one.admit('a', 10n, 0), one.admit('b', 10n, 0), one.admit('c', 10n, 0)]).toEqual([
      true,
      true,
      false,
    ]);
    one.report('a', 'spl 1');
    one.end('a', 3n, 'spl 2');
    expect([one.claim, one.unsettled(9)]).toEqual([13n, ['spl 1', 'spl 2']]);
    one.settle(['spl 2']);
    expect(one.claim).toBe(13n);
    one.settle(['spl 1', 'spl 7']);
    expect([one.claim, one.allowance, one.isSettling, one.isIdle]).toEqual([10n, 22n, false, false]);
    one.end('b', 0n, 'spl 3');
    expect([one.claim, one.isIdle, one.giveBack(), one.allowance]).toEqual([0n, true, 0n, 0n]);
  });

  it('takes the same end twice as one, and counts one that it did not let in', () => {
    const one = account(0n);
    one.end('foreign', 4n, 'spl 1');
    one.end('foreign', 4n, 'spl 1');
    expect([one.claim, one.admit('a', 1n, 0)]).toEqual([4n, false]);
  });

  it('forgets what should have ended and was never noted, once everything was read', () => {
    const one = account(20n);
    one.admit('a', 10n, 100);
    one.admit('b', 10n, 200);
    one.readTo(100);
    expect(one.claim).toBe(20n);
    one.readTo(101);
    expect(one.claim).toBe(10n);
  });
});

describe('a permit of an account', () => {
  const permitted = (): CapAccount => {
    const made = new CapAccount();
    made.allow(100n);
    expect(made.permit('l', 3n, 10n)).toBe(true);
    return made;
  };

  it('holds all of its requests at their worst, and then what each of them cost', () => {
    const one = permitted();
    expect([one.permit('too much', 8n, 10n), one.claim, one.permitted]).toEqual([false, 30n, 30n]);
    one.end('a', 4n, 'spl 1', { permit: 'l' });
    one.report('b', 'spl 2', { permit: 'l', untilMs: 9 });
    expect([one.claim, one.permitted, one.leftOf('l')]).toEqual([4n + 10n + 10n, 10n, 1n]);
    one.report('b', 'spl 3', { permit: 'l' });
    one.end('b', 5n, 'spl 4', { permit: 'l' });
    expect([one.claim, one.leftOf('l'), one.unsettled(9)]).toEqual([
      4n + 5n + 10n,
      1n,
      ['spl 1', 'spl 2', 'spl 3', 'spl 4'],
    ]);
  });

  it('does not hold less for a request that was asked about, nor for more of them than it has', () => {
    const one = permitted();
    one.admit('asked', 10n, Infinity);
    one.end('asked', 1n, 'spl 1', { permit: 'l' });
    expect([one.claim, one.leftOf('l')]).toEqual([31n, 3n]);
    for (const stream of ['a', 'b', 'c', 'd']) one.end(stream, 1n, `spl ${stream}`, { permit: 'l' });
    expect([one.claim, one.leftOf('l')]).toEqual([5n, 0n]);
  });

  it('stays until it was retired and everything that may have begun was read; also when all else is forgotten', () => {
    const one = permitted();
    one.admit('asked', 10n, Infinity);
    one.forget();
    one.readTo(1_000_000);
    expect(one.claim).toBe(30n);
    one.retire('l', 100);
    one.readTo(100);
    expect([one.claim, one.isIdle]).toEqual([30n, false]);
    one.readTo(101);
    expect([one.claim, one.isIdle]).toEqual([0n, true]);
  });
});

/** What may happen, to one of two gateways. */
type Step =
  | { kind: 'arrive'; at: 0 | 1; lengthMs: number; afterMs: number; count: number }
  | { kind: 'ask'; at: 0 | 1; waiting: number; isLost: boolean }
  | { kind: 'rush'; at: 0 | 1; lengthMs: number; count: number }
  | { kind: 'permit'; at: 0 | 1; wanted: number }
  | { kind: 'end'; at: 0 | 1; count: number }
  | { kind: 'fold'; count: number };

const at = fc.constantFrom<0 | 1>(0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('arrive' as const),
      at,
      lengthMs: fc.integer({ min: 1, max: 3_000 }),
      afterMs: fc.integer({ min: 0, max: 150 }),
      count: fc.integer({ min: 1, max: 12 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      at,
      waiting: fc.integer({ min: 0, max: 12 }),
      isLost: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('rush' as const),
      at,
      lengthMs: fc.integer({ min: 1_500, max: 3_000 }),
      count: fc.integer({ min: 1, max: 12 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('permit' as const),
      at,
      wanted: fc.integer({ min: 0, max: 40 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('end' as const), at, count: fc.integer({ min: 1, max: 20 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('fold' as const), count: fc.integer({ min: 1, max: 20 }) }),
  },
);

interface WorldShape {
  cap: CapMoney;
  model: 'concurrency' | 'per_request';
  capacity: { concurrency: number; maxInstances: number };
}

/** Two gateways and a bill, in one order of events. */
class World {
  readonly gateways = [new CapAccount(), new CapAccount()];
  private readonly allowed: [CapMoney, CapMoney] = [0n, 0n];
  private readonly running: { at: 0 | 1; stream: string; span: Interval; permit?: string | undefined }[] = [];
  /** What each gateway's Envoy lets in without asking. */
  private readonly envoys = [
    { permit: '', left: 0 },
    { permit: '', left: 0 },
  ];
  private permits = 0;
  private readonly unread: { stream: string; span: Interval }[] = [];
  private readonly folded: { stream: string; span: Interval }[] = [];
  private clock = 0;
  served = 0;
  unasked = 0;

  constructor(
    readonly cap: CapMoney,
    private readonly model: 'concurrency' | 'per_request',
    private readonly capacity: { concurrency: number; maxInstances: number },
  ) {}

  get spent(): CapMoney {
    return this.costOf(this.folded.map(({ span }) => span));
  }

  get everything(): CapMoney {
    return this.costOf([...this.folded, ...this.unread, ...this.running].map(({ span }) => span));
  }

  /** What has ended, and all that runs at its worst. */
  get worst(): CapMoney {
    const ended = [...this.folded, ...this.unread].map(({ span }) => span);
    return this.costOf(ended) + MOST * BigInt(this.running.length);
  }

  get reserved(): CapMoney {
    return this.allowed[0] + this.allowed[1];
  }

  do(step: Step): void {
    for (let left = step.kind === 'arrive' ? step.count : 0; left > 0 && step.kind === 'arrive'; left -= 1)
      this.arrive(step.at, step.lengthMs, step.afterMs);
    if (step.kind === 'ask') this.ask(step.at, step.waiting, step.isLost);
    if (step.kind === 'rush') this.rush(step.at, step.lengthMs, step.count);
    if (step.kind === 'permit') this.permit(step.at, step.wanted);
    if (step.kind === 'end') this.end(step.at, step.count);
    if (step.kind === 'fold') this.folded.push(...this.unread.splice(0, step.count));
  }

  arrive(at: 0 | 1, lengthMs: number, afterMs: number): boolean {
    this.clock += afterMs;
    const stream = `s${this.served}`;
    const envoy = this.envoys[at] as { permit: string; left: number };
    const isUnasked = envoy.left > 0;
    if (isUnasked) envoy.left -= 1;
    else if (!this.gateways[at]?.admit(stream, MOST, Infinity)) return false;
    this.served += 1;
    const span = { startMs: this.clock, endMs: this.clock + lengthMs };
    // the line of a request that was asked about names the permit as well
    this.running.push({ at, stream, span, permit: envoy.permit });
    if (isUnasked) this.unasked += 1;
    return true;
  }

  /** So many at once that are allowed, and all of them end and are in the bill before anybody asks again. */
  rush(at: 0 | 1, lengthMs: number, count: number): void {
    this.ask(at, count);
    for (let left = count; left > 0; left -= 1) this.arrive(at, lengthMs, 1);
    this.end(at, Infinity);
    this.folded.push(...this.unread.splice(0));
  }

  /** Gives a permit that takes the place of the former one, which may have been used before; with 0 it is taken back. */
  permit(at: 0 | 1, wanted: number): void {
    const account = this.gateways[at] as CapAccount;
    const free = this.cap - this.spent - this.reserved;
    const requests = wanted === 0 ? 0n : permitSize(account, { free, each: MOST, wanted: BigInt(wanted) });
    const former = (this.envoys[at] as { permit: string }).permit;
    const id = `l${(this.permits += 1)}`;
    if (requests > 0n && !account.permit(id, requests, MOST)) throw new Error('it is not allowed that much');
    account.retire(former, this.clock + 10_000);
    this.envoys[at] = { permit: id, left: Number(requests) };
  }

  ask(at: 0 | 1, waiting: number, isLost = false): void {
    const account = this.gateways[at] as CapAccount;
    const keep = account.giveBack();
    const said = this.folded.map(({ stream }) => stream);
    const spent = fraction(this.spent, 10n ** 12n);
    const left = capLeft(capAmount(this.cap), spent, this.allowed[at === 0 ? 1 : 0]);
    this.allowed[at] = allowanceOf(left, {
      keep,
      need: MOST * BigInt(waiting),
      slack: MOST * BigInt(waiting && 4 + 40 * waiting),
    });
    // an answer that does not arrive gives nothing and settles nothing
    if (isLost) return;
    account.allow(this.allowed[at]);
    account.settle(said);
  }

  end(at: 0 | 1, count: number): void {
    for (const one of this.running.filter((each) => each.at === at).slice(0, count)) {
      this.running.splice(this.running.indexOf(one), 1);
      const cost = costAtMost(PRICE, one.span.endMs - one.span.startMs);
      this.gateways[at]?.end(one.stream, cost, one.stream, { permit: one.permit });
      this.unread.push(one);
    }
  }

  /** All ends, is folded and settled. */
  settle(): void {
    for (const one of [0, 1] as const) {
      this.permit(one, 0);
      this.end(one, Infinity);
      this.gateways[one]?.readTo(Infinity);
    }
    this.folded.push(...this.unread.splice(0));
    for (const one of [0, 1, 0, 1] as const) this.ask(one, 0);
  }

  private costOf(spans: readonly Interval[]): CapMoney {
    const span = { startMs: 0, endMs: 10_000_000 };
    const blocks =
      this.model === 'concurrency'
        ? sweepBlocks(changesOf(spans, span), capacityOf(this.capacity), span).opened
        : spans.reduce((sum, { startMs, endMs }) => sum + unitsOfRequest(endMs - startMs), 0);
    return PRICE.block * BigInt(blocks) + PRICE.request * BigInt(spans.length);
  }
}

it('what the bill says by now may not be spent again', () => {
  const world = new World(MOST * 10n, 'per_request', { concurrency: 1, maxInstances: 1 });
  const arrive = (): void => world.do({ kind: 'arrive', at: 0, lengthMs: 2_900, afterMs: 1, count: 20 });
  world.do({ kind: 'ask', at: 0, waiting: 10, isLost: false });
  arrive();
  world.do({ kind: 'end', at: 0, count: 10 });
  world.do({ kind: 'fold', count: 10 });
  world.do({ kind: 'ask', at: 0, waiting: 0, isLost: false });
  arrive();
  expect(world.served).toBe(10);
  expect(world.worst).toBeLessThanOrEqual(world.cap);
});

const ALONE = { model: 'per_request' as const, capacity: { concurrency: 1, maxInstances: 1 } };
/** Of chance alone neither comes in every run of five hundred. */
const REFUSED: [WorldShape, Step[]] = [{ cap: 1n, ...ALONE }, []];
const UNASKED: [WorldShape, Step[]] = [
  { cap: MOST * 2_000n, ...ALONE },
  [
    { kind: 'ask', at: 0, waiting: 12, isLost: false },
    { kind: 'permit', at: 0, wanted: 40 },
    { kind: 'arrive', at: 0, lengthMs: 100, afterMs: 1, count: 12 },
  ],
];

it('whatever happens in whatever order, no more is spent than the cap, and what is left can be spent', () => {
  const worlds = fc.record({
    cap: fc.oneof(
      fc.bigInt({ min: 1n, max: MOST * 12n }),
      fc.bigInt({ min: MOST * 256n, max: MOST * 2_000n }),
    ),
    model: fc.constantFrom('concurrency' as const, 'per_request' as const),
    capacity: fc.record({
      concurrency: fc.integer({ min: 1, max: 4 }),
      maxInstances: fc.integer({ min: 1, max: 3 }),
    }),
  });
  let [refused, unasked] = [0, 0];
  fc.assert(
    fc.property(worlds, fc.array(step, { maxLength: 60 }), ({ cap, model, capacity }, steps) => {
      const world = new World(cap, model, capacity);
      for (const one of steps) {
        world.do(one);
        expect(world.worst).toBeLessThanOrEqual(cap);
      }
      world.settle();
      world.settle();
      const left = cap - world.spent;
      expect([world.reserved, world.everything]).toEqual([0n, world.spent]);
      world.ask(0, 1);
      const isIn = world.arrive(0, 1, 0);
      expect(isIn).toBe(left >= MOST);
      if (!isIn) refused += 1;
      unasked += world.unasked;
    }),
    { ...propertyRuns(), examples: [REFUSED, UNASKED] },
  );
  expect(refused).toBeGreaterThan(0);
  expect(unasked).toBeGreaterThan(0);
});
