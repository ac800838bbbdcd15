import { newId, parseDecimal } from '#libs/domain';
import { findDebtors, findOrganization, insertPayment, listNotices, underLease } from '#libs/store';
import type { UsedRevision } from '#libs/testing';
import { DECEMBER, InvoiceRig, NOVEMBER } from '../rig/invoice.rig.js';
import { lookAtDebtor } from './debtor.js';

const DAY = 86_400_000;
let rig: InvoiceRig;
beforeAll(async () => {
  rig = await InvoiceRig.start(13);
});
afterAll(() => rig.stop());
beforeEach(() => rig.clock.set(DECEMBER));

/** Owes something that is due a day after it was asked for. */
async function debtor(): Promise<UsedRevision> {
  const of = await rig.payer('0');
  await rig.use(of, NOVEMBER, 1);
  await rig.settle(of);
  await rig.close(of, '2026-11');
  await rig.settle(of);
  return of;
}
/** Looks, as the worker does. */
async function look({ organizationId }: UsedRevision, suspendAfterMs?: number): Promise<boolean> {
  const nowMs = rig.clock.now();
  const debtors = await rig.database.db.asSystem((tx) => findDebtors(tx, nowMs));
  if (!debtors.includes(organizationId)) return false;
  await underLease(rig.database.db, rig.lease, (tx) =>
    lookAtDebtor(tx, organizationId, { nowMs, suspendAfterMs, random: rig.random }),
  );
  return true;
}
const seen = ({ organizationId }: UsedRevision) =>
  rig.database.db.inTenant(organizationId, async (tx) => {
    const organization = await findOrganization(tx, organizationId);
    const notices = await listNotices(tx, organizationId, { limit: 100 });
    return [organization?.status, notices.filter(({ type }) => type === 'invoice.overdue').length];
  });
async function pay(of: UsedRevision, amount: string): Promise<void> {
  const now = rig.clock.now();
  const [invoice] = await rig.invoices(of);
  if (!invoice) throw new Error('there is no invoice');
  await rig.database.db.inTenant(of.organizationId, (tx) =>
    insertPayment(tx, of.organizationId, {
      ...{ id: newId('pay', now, rig.random), invoiceId: invoice.id, amount: parseDecimal(amount) },
      ...{ receivedAt: now, createdBy: 'key_1', createdAt: now },
    }),
  );
  await rig.settle(of);
}

it('tells once what is past due, suspends by the policy, and goes on when it is paid', async () => {
  const of = await debtor();
  expect(await look(of, DAY)).toBe(false);
  rig.clock.set(DECEMBER + DAY + 1);
  await look(of, DAY);
  await look(of, DAY);
  expect(await seen(of)).toEqual(['past_due', 1]);
  rig.clock.set(DECEMBER + 2 * DAY + 1);
  await look(of, DAY);
  expect(await seen(of)).toEqual(['suspended', 1]);
  const events = await rig.database.query<{ key: string }>(
    `SELECT key FROM outbox WHERE name = 'service.changed' AND organization_id = $1`,
    [of.organizationId],
  );
  expect(events.map(({ key }) => key)).toEqual([of.serviceId, of.serviceId]);
  await pay(of, '0.01');
  await look(of, DAY);
  expect(await seen(of)).toEqual(['suspended', 1]);
  await pay(of, '100');
  await look(of, DAY);
  expect(await seen(of)).toEqual(['active', 1]);
  expect(await look(of, DAY)).toBe(false);
});

it('suspends nobody without a policy, no operator, and lets go of nobody whom a person suspended', async () => {
  const [patient, operator, bad] = [await debtor(), await debtor(), await debtor()];
  await rig.database.query(
    `INSERT INTO api_keys (organization_id, id, name, role, platform_operator, hash, preview, created_at)
     VALUES ($1, 'key_1', 'operator', 'owner', true, '\\x00', 'p', now())`,
    [operator.organizationId],
  );
  await rig.database.query(
    `UPDATE organizations SET status = 'suspended', status_reason = 'abuse' WHERE id = $1`,
    [bad.organizationId],
  );
  rig.clock.set(DECEMBER + 400 * DAY);
  for (const one of [patient, operator, bad]) await look(one, one === patient ? undefined : DAY);
  await pay(bad, '100');
  await look(bad, DAY);
  expect(await seen(patient)).toEqual(['past_due', 1]);
  expect(await seen(operator)).toEqual(['past_due', 1]);
  expect(await seen(bad)).toEqual(['suspended', 1]);
});
