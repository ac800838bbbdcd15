import { BUILTIN_DOCUMENTS, parseDecimal } from '#libs/domain';
import { lockBilling, saveTerms } from '#libs/store';
import { until } from '#libs/testing';
import { ApiRig, type RigAnswer, type RigTenant } from '../api.rig.js';

const LATER = '2100-01-01T00:00:00Z';
const requests = { id: 'requests', name: 'Requests', measure: 'requests', unit: 'request', rate: '0.10' };
const egress = {
  id: 'egress',
  name: 'Egress',
  measure: 'egress_bytes',
  unit: 'GiB',
  rate: '1',
  per: '1 GiB',
};

let rig: ApiRig;
let operator: RigTenant;
let names = 0;

beforeAll(async () => {
  rig = await ApiRig.start();
  operator = await rig.tenant('operators', true);
  await store({ id: 'open', items: [egress] });
  await store({ id: 'bounded' });
  await store({ id: 'euro', currency: 'EUR' });
}, 60_000);
afterAll(() => rig.stop());

/** A version of a plan: requests only, if nothing else is said. */
async function store(change: object): Promise<void> {
  const document = {
    ...{ ...BUILTIN_DOCUMENTS[0], items: [requests], effectiveFrom: '2020-01-01T00:00:00Z' },
    ...change,
  };
  const made = await rig.call('POST', '/v1/price-plans', { key: operator.key, body: { document } });
  expect(made.status).toBe(201);
}
/** A plan that will have a version that allows no cap. */
async function storeTurning(): Promise<string> {
  const id = `turning-${(names += 1)}`;
  await store({ id });
  await store({ id, version: 2, effectiveFrom: LATER, items: [egress] });
  return id;
}
const setCap = ({ key }: RigTenant, amount = '5'): Promise<RigAnswer> =>
  rig.call('PUT', '/v1/cap', { key, body: { amount } });
const setTerms = ({ organizationId }: RigTenant, body: object): Promise<RigAnswer> =>
  rig.call('PUT', `/v1/organizations/${organizationId}/billing-terms`, { key: operator.key, body });
const capOf = async ({ key }: RigTenant): Promise<unknown> =>
  (await rig.call('GET', '/v1/cap', { key })).json['amount'];

describe('a first cap', () => {
  it.each<[string, () => object | Promise<object>, string]>([
    ['that allow none', () => ({ plan: 'open', effectiveFrom: LATER }), `From 2100-01-01T00:00:00.000Z on`],
    ['in another currency', () => ({ plan: 'euro', effectiveFrom: LATER }), 'it is in EUR'],
    [
      'of a plan whose next version allows none',
      async () => ({ plan: await storeTurning() }),
      'From 2100-01-01',
    ],
    ['that allow none now', () => ({ plan: 'open' }), 'No cap can be kept'],
  ])('is refused under terms %s, and says from when on', async (_what, terms, cause) => {
    const tenant = await rig.tenant('uncapped');
    expect((await setTerms(tenant, await terms())).status).toBe(200);
    const { json } = await setCap(tenant);
    expect(json).toMatchObject({ code: 'NOT_SUPPORTED', detail: expect.stringContaining(cause) });
    expect(await capOf(tenant)).toBeUndefined();
  });

  it('waits for terms that are being changed, and sees them', async () => {
    const tenant = await rig.tenant('at-once');
    const { organizationId } = tenant;
    const terms = {
      effectiveFromMs: Date.parse(LATER),
      plan: 'open',
      discountPercent: parseDecimal('0'),
      taxes: [],
    };
    const { promise: cap, resolve } = Promise.withResolvers<RigAnswer>();
    await rig.database.db.inTenant(organizationId, async (tx) => {
      await lockBilling(tx, organizationId);
      void setCap(tenant).then(resolve);
      await until(async () => (await waitingForLocks()) > 0, { what: 'waiting for the lock' });
      await saveTerms(tx, organizationId, terms, { by: organizationId, now: Date.now() });
    });
    expect((await cap).json['code']).toBe('NOT_SUPPORTED');
  });
});

async function waitingForLocks(): Promise<number> {
  const rows = await rig.database.query(
    `SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return (rows[0] as { n: number }).n;
}

describe('of an organization with a cap', () => {
  it('terms are refused that allow none some time later, whatever is in force when they begin', async () => {
    const tenant = await rig.tenant('later');
    expect((await setCap(tenant)).status).toBe(200);
    const refused = await setTerms(tenant, { plan: await storeTurning() });
    expect(refused.json).toMatchObject({
      ...{ code: 'FAILED_PRECONDITION', violations: [{ field: 'plan' }] },
      detail: expect.stringContaining('From 2100-01-01T00:00:00.000Z on'),
    });
  });

  it('where a plan has come to allow none, a tax, a discount and another amount are no new conflict', async () => {
    const tenant = await rig.tenant('conflicted');
    const id = `turned-${(names += 1)}`;
    await store({ id });
    expect((await setTerms(tenant, { plan: id })).status).toBe(200);
    expect((await setCap(tenant)).status).toBe(200);
    await store({ id, version: 2, effectiveFrom: LATER, items: [egress] });
    const changed = await setTerms(tenant, {
      ...{ plan: id, discountPercent: '10', taxes: [{ name: 'VAT', percent: '19' }] },
    });
    expect(changed.status).toBe(200);
    expect((await setCap(tenant, '6')).json['amount']).toBe('6');
    // a new one: from now on
    expect((await setTerms(tenant, { plan: 'open' })).json['code']).toBe('FAILED_PRECONDITION');
    expect((await setTerms(tenant, { plan: 'bounded' })).status).toBe(200);
  });
});
