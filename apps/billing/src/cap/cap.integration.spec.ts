import type { CapAnswer, CapRequest } from '#libs/bus';
import { CapAccount, costAtMost, worstCost, type CapPrice, type Id } from '#libs/domain';
import { findCap, listNotices, saveCap, underLease, type Lease } from '#libs/store';
import {
  SteppedClock,
  makeUsedRevision,
  seededRandom,
  testDatabase,
  usageOf,
  type TestDatabase,
  type UsedRevision,
} from '#libs/testing';
import { BillingRig } from '../rig/billing.rig.js';
import { allow } from './cap.allowance.js';
import { evaluateCap } from './cap.evaluation.js';

const T0 = Date.UTC(2026, 10, 16);
/** Of the rig's revision (1 vCPU, 512 MiB) under the built-in plan, in 10^-12 USD. */
const PRICE: CapPrice = { block: 2_525_000n, request: 400_000n };
const TIMEOUT_SECONDS = 1;
const MOST = worstCost(PRICE, TIMEOUT_SECONDS);
const text = (money: bigint): string => `0.${String(money).padStart(12, '0')}`;

let database: TestDatabase;
let lease: Lease;
let rig: BillingRig;
const clock = new SteppedClock(T0 + 3_600_000);
const random = seededRandom(23);

beforeAll(async () => {
  database = await testDatabase();
  rig = new BillingRig(database.db, clock);
  lease = (await rig.lease('caps', 'me', 10_000_000_000)) as Lease;
});
afterAll(() => database.drop());
beforeEach(() => clock.set(T0 + 3_600_000));

const capped = async (cap: bigint): Promise<UsedRevision> => {
  const of = await makeUsedRevision((sql, values) => database.query(sql, values), random, {
    concurrency: 1,
    maxInstances: 10,
    timeoutSeconds: TIMEOUT_SECONDS,
  });
  await setCap(of, cap);
  return of;
};
const setCap = ({ organizationId }: UsedRevision, cap: bigint, currency = 'USD'): Promise<unknown> =>
  database.db.inTenant(organizationId, (tx) =>
    saveCap(tx, { organizationId, amount: text(cap), currency }, clock.now()),
  );

/** Looks at the cap as the worker does; whether anybody is to be woken. */
const lookAt = ({ organizationId }: UsedRevision, takenInToMs = clock.now()): Promise<boolean> =>
  underLease(database.db, lease, (tx) =>
    evaluateCap(tx, organizationId, { now: clock.now(), random, takenInToMs }),
  );
const isReached = async ({ organizationId }: UsedRevision): Promise<boolean | undefined> =>
  (await database.db.inTenant(organizationId, (tx) => findCap(tx, organizationId)))?.reached;

/** A host that leads to the revision. */
const serveAt = ({ serviceId, organizationId, revisionId }: UsedRevision): Promise<unknown> =>
  database.query(
    `INSERT INTO routes (host, organization_id, service_id, version, body, updated_at) VALUES ($1, $2, $3, 1, $4, now())`,
    [serviceId, organizationId, serviceId, JSON.stringify({ backends: [{ revisionId }] })],
  );

/** One process of a gateway. */
class Gateway {
  readonly account = new CapAccount();
  private asked = 0;

  constructor(
    private readonly of: UsedRevision,
    readonly gatewayId: Id<'gw'>,
    private readonly incarnation = 'first',
  ) {}

  async ask(requests: number, change: Partial<CapRequest> = {}): Promise<CapAnswer> {
    this.asked += 1;
    const keep = this.account.giveBack();
    const positions = this.account.unsettled(1_000).map((name) => Number(name.split(' ')[1]));
    const request: CapRequest = {
      schemaVersion: 1,
      ...{ gatewayId: this.gatewayId, incarnation: this.incarnation, asked: this.asked },
      organizationId: this.of.organizationId,
      ...{ keep: String(keep), need: String(MOST * BigInt(requests)), slack: '0' },
      revisions: [this.of.revisionId],
      records: [{ producer: this.of.producer, positions }],
      ...change,
    };
    const answer = await database.db.asSystem((tx) => allow(tx, request, clock.now()));
    const said = answer.said.flatMap(({ producer, positions: all }) => all.map((at) => `${producer} ${at}`));
    this.account.allow(BigInt(answer.allowance));
    this.account.settle(said);
    return answer;
  }

  /** Lets requests in while it may; gives how many. */
  serve(requests: number, from: number): number {
    let served = 0;
    while (served < requests && this.account.admit(`s${from + served}`, MOST, 0)) served += 1;
    return served;
  }

  end(position: number, lengthMs: number): void {
    this.account.end(`s${position}`, costAtMost(PRICE, lengthMs), `${this.of.producer} ${position}`);
  }
}

it('two gateways, 10,000 requests: never above the cap, and all of it that pays for a request is used', async () => {
  const LENGTH = 50;
  const cost = costAtMost(PRICE, LENGTH);
  const cap = cost * 1_000n;
  const of = await capped(cap);
  const gateways = [new Gateway(of, of.gatewayId), new Gateway(of, 'gw_00000000000000000002')];
  let [asked, served] = [0, 0];
  while (asked < 10_000) {
    for (const gateway of gateways) {
      const wanted = 25;
      await gateway.ask(wanted);
      const isIn = gateway.serve(wanted, served);
      const records = Array.from({ length: isIn }, (_, i) => {
        const startMs = T0 + (served + i) * 200;
        gateway.end(served + i, LENGTH);
        return usageOf(of, served + i, { startMs, endMs: startMs + LENGTH });
      });
      [asked, served] = [asked + wanted, served + isIn];
      if (records.length > 0) await rig.take(lease, of.gatewayId, records);
      // what is taken in is folded later
      if (asked % 100 === 0) await rig.fold(lease, [of]);
      const held = gateways.reduce((sum, { account }) => sum + account.allowance, 0n);
      expect(cost * BigInt(served)).toBeLessThanOrEqual(cap);
      expect(held).toBeLessThanOrEqual(cap);
    }
  }
  const spent = cost * BigInt(served);
  console.log(
    `${asked} requests asked for by two gateways, ${served} let in: ${(spent * 100n) / cap} % of the cap`,
  );
  expect(cap - spent).toBeLessThan(MOST);
  expect(spent * 100n).toBeGreaterThanOrEqual(cap * 95n);
}, 300_000);

it('with less than one request left nothing is let in, nothing is kept warm, and it is told once', async () => {
  const of = await capped(MOST - 1n);
  const gateway = new Gateway(of, of.gatewayId);
  const { allowance, standing } = await gateway.ask(1);
  expect([BigInt(allowance), gateway.serve(1, 0)]).toEqual([MOST - 1n, 0]);
  expect(standing).toMatchObject({ spent: '0', cap: text(MOST - 1n), resetsAt: Date.UTC(2026, 11) });
  await gateway.ask(0);
  await serveAt(of);
  const look = (): Promise<boolean> => lookAt(of);
  const told = async (): Promise<number> => {
    const notices = database.db.inTenant(of.organizationId, (tx) =>
      listNotices(tx, of.organizationId, { limit: 10 }),
    );
    return (await notices).filter(({ type }) => type === 'cap.reached').length;
  };
  const reached = (): Promise<boolean | undefined> => isReached(of);
  expect([await look(), await look(), await reached(), await told()]).toEqual([true, false, true, 1]);
  await setCap(of, MOST);
  expect(await reached()).toBe(false);
  await gateway.ask(1);
  expect(gateway.serve(1, 0)).toBe(1);
  expect([await look(), await reached(), await told()]).toEqual([false, false, 1]);
});

it('a new month is spent anew: from the next question on, and at the next look things are kept warm', async () => {
  const of = await capped(MOST);
  const gateway = new Gateway(of, of.gatewayId);
  await gateway.ask(1);
  expect(gateway.serve(2, 0)).toBe(1);
  gateway.end(0, 50);
  await rig.take(lease, of.gatewayId, [usageOf(of, 0, { startMs: T0, endMs: T0 + 50 })]);
  await rig.fold(lease, [of]);
  await gateway.ask(0);
  await gateway.ask(1);
  expect(gateway.serve(1, 1)).toBe(0);
  const look = (): Promise<boolean> => lookAt(of);
  const reached = (): Promise<boolean | undefined> => isReached(of);
  await serveAt(of);
  expect([await look(), await reached()]).toEqual([true, true]);
  clock.set(Date.UTC(2026, 11));
  const { standing } = await gateway.ask(1);
  expect([standing?.spent, gateway.serve(1, 1)]).toEqual(['0', 1]);
  await look();
  expect(await reached()).toBe(false);
});

it('keeps what a gateway holds, whoever else asks; what comes late changes nothing', async () => {
  const of = await capped(MOST * 3n);
  const one = new Gateway(of, of.gatewayId);
  const other = new Gateway(of, 'gw_00000000000000000002');
  await one.ask(2);
  expect(one.serve(2, 0)).toBe(2);
  await other.ask(5);
  expect(other.serve(5, 10)).toBe(1);
  await expect(one.ask(0, { asked: 1 })).rejects.toThrow('asked again');
  await other.ask(5);
  expect(other.serve(5, 20)).toBe(0);
});

it('allows nothing beyond what is held under a plan that the cap cannot be kept under, and keeps nothing warm', async () => {
  const of = await capped(MOST * 10n);
  const gateway = new Gateway(of, of.gatewayId);
  await gateway.ask(2);
  expect(gateway.serve(2, 0)).toBe(2);
  await setCap(of, MOST * 10n, 'EUR');
  const { allowance } = await gateway.ask(5);
  expect([BigInt(allowance), gateway.serve(5, 10)]).toEqual([MOST * 2n, 0]);
  expect([await lookAt(of), await isReached(of)]).toEqual([true, true]);
  await setCap(of, MOST * 10n);
  await gateway.ask(5);
  expect(gateway.serve(5, 20)).toBe(5);
  await lookAt(of);
  expect(await isReached(of)).toBe(false);
});

it('tells that it is spent, also where it was told before that no plan of the month allows it', async () => {
  const of = await capped(MOST);
  await serveAt(of);
  const reasons = async (): Promise<unknown[]> => {
    const notices = await database.db.inTenant(of.organizationId, (tx) =>
      listNotices(tx, of.organizationId, { limit: 10 }),
    );
    return notices.map(({ data }) => ('reason' in data ? data.reason : undefined)).reverse();
  };
  await setCap(of, MOST, 'EUR');
  expect([await lookAt(of), await lookAt(of), await reasons()]).toEqual([true, false, ['plan']]);
  const startMs = clock.now() - 60_000;
  await rig.take(lease, of.gatewayId, [usageOf(of, 0, { startMs, endMs: startMs + 50 })]);
  await rig.fold(lease, [of]);
  expect([await lookAt(of), await lookAt(of), await reasons()]).toEqual([true, false, ['plan', 'spent']]);
});

it('frees what a former process held once all that it let in is known', async () => {
  const of = await capped(MOST * 3n);
  await database.query(
    `INSERT INTO gateways (id, region, joined_at, last_seen_at) VALUES ($1, 'r', $2, $2)`,
    [of.gatewayId, new Date(clock.now())],
  );
  const former = new Gateway(of, of.gatewayId);
  await former.ask(3);
  expect(former.serve(3, 0)).toBe(3);
  const look = (takenInToMs: number): Promise<boolean> => lookAt(of, takenInToMs);
  const seen = (): Promise<unknown> =>
    database.query(`UPDATE gateways SET last_seen_at = $2 WHERE id = $1`, [
      of.gatewayId,
      new Date(clock.now()),
    ]);
  const next = new Gateway(of, of.gatewayId, 'next');
  const room = async (change: Partial<CapRequest> = { aloneMs: 0 }): Promise<number> => {
    await next.ask(3, change);
    return next.serve(3, 10);
  };
  // who is silent may go on, and so may what it told its Envoy while the next process has not heard from that
  for (const change of [{}, {}, { aloneMs: 0 }]) {
    clock.step(100_000);
    await seen();
    await look(clock.now());
    expect(await room(change)).toBe(0);
  }
  await look(clock.now());
  expect(await room({ aloneMs: 1_000 })).toBe(0);
  clock.step(100_000);
  // nothing was heard of the gateway since
  await look(clock.now());
  expect(await room({ aloneMs: 101_000 })).toBe(0);
  await seen();
  await look(0);
  expect(await room({ aloneMs: 101_000 })).toBe(0);
  await look(clock.now());
  expect(await room({ aloneMs: 101_000 })).toBe(3);
});
