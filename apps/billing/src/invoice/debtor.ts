import { UNPAID, formatDecimal, newId, statusByDebt, type Organization, type Random } from '#libs/domain';
import {
  findOverdue,
  giveNotice,
  holdOrganization,
  holdsOperators,
  insertAudit,
  listServiceIds,
  noteTold,
  setOrganizationStatus,
  writeServicesChanged,
  type LeasedTx,
} from '#libs/store';

/** What looking at a debtor needs besides what is stored. */
export interface DebtOptions {
  nowMs: number;
  /** How long after an invoice is past due its organization is suspended; absent: never. */
  suspendAfterMs?: number | undefined;
  random: Random;
}

/**
 * Tells an organization once of each invoice that is past due, and gives it the status that follows from what it owes.
 * Operators are never suspended: nobody could record their payment.
 */
export async function lookAtDebtor(
  tx: LeasedTx,
  id: Organization['id'],
  options: DebtOptions,
): Promise<void> {
  const { nowMs, random } = options;
  const organization = await holdOrganization(tx, id);
  if (!organization) return;
  const overdue = await findOverdue(tx, id, nowMs);
  for (const { id: invoiceId, number, month, currency, balance, dueAt, isTold } of overdue) {
    if (isTold) continue;
    const data = {
      ...{ invoiceId, number, month, currency, balance: formatDecimal(balance) },
      dueAt: new Date(dueAt).toISOString(),
    };
    await giveNotice(tx, { organizationId: id, type: 'invoice.overdue', data, now: nowMs }, random);
  }
  await noteTold(tx, id, nowMs);
  const suspendAfterMs = (await holdsOperators(tx, id)) ? undefined : options.suspendAfterMs;
  const status = statusByDebt(organization, { nowMs, oldestDueMs: overdue[0]?.dueAt, suspendAfterMs });
  if (status !== organization.status) await become(tx, organization, status, options);
}

/** With an audit row that its members find, and a look of the deployer at each of its services. */
async function become(
  tx: LeasedTx,
  { id, status: before }: Organization,
  status: Organization['status'],
  { nowMs: now, random }: DebtOptions,
): Promise<void> {
  const reason = status === 'active' ? undefined : UNPAID;
  await setOrganizationStatus(tx, id, status, { reason, now });
  await insertAudit(tx, {
    ...{ id: newId('aud', now, random), organizationId: id, time: now, actorId: 'towpath', object: id },
    ...{ action: 'organizations.debt', before: { status: before } },
    after: { status, ...(reason === undefined ? {} : { reason }) },
    requestId: newId('evt', now, random),
  });
  await writeServicesChanged(tx, id, await listServiceIds(tx, id), { now, random });
}
