import { formatDecimal, parseDecimal, type Credit } from '#libs/domain';
import {
  insertCreditSql,
  listCreditsSql,
  openCreditsSql,
  revokeCreditSql,
  type CreditRow,
} from './credit.sql.js';
import { ms, present, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

export async function insertCredit(tx: Tx, credit: Omit<Credit, 'used' | 'revokedAt'>): Promise<Credit> {
  const { organizationId, id, name, kind, currency, amount, priority, expiresAt, createdBy, createdAt } =
    credit;
  const row = await tx.one(insertCreditSql, [
    ...[organizationId, id, name, kind, currency, formatDecimal(amount), priority],
    ...[time(expiresAt), createdBy, time(createdAt)],
  ]);
  return toCredit(row as CreditRow);
}

/** In the order in which they were made, also those that are used up or were taken back. */
export async function listCredits(
  tx: Tx,
  organizationId: string,
  { after = '', limit }: PageRequest,
): Promise<Credit[]> {
  return (await tx.run(listCreditsSql, [organizationId, after, limit])).map(toCredit);
}

/** Those that may still pay for something. */
export async function findOpenCredits(tx: Tx, organizationId: string): Promise<Credit[]> {
  return (await tx.run(openCreditsSql, [organizationId])).map(toCredit);
}

/** Takes back what is left of it; twice is once. */
export async function revokeCredit(
  tx: Tx,
  { organizationId, id, now }: { organizationId: string; id: string; now: number },
): Promise<Credit | undefined> {
  const row = await tx.one(revokeCreditSql, [organizationId, id, time(now)]);
  return row && toCredit(row);
}

function toCredit(row: CreditRow): Credit {
  const { id, name, kind, currency, priority } = row;
  return {
    ...{ id, name, kind, currency, priority, organizationId: row.organization_id },
    amount: parseDecimal(row.amount),
    used: parseDecimal(row.used),
    createdBy: row.created_by,
    createdAt: ms(row.created_at),
    ...present({ expiresAt: row.expires_at?.getTime(), revokedAt: row.revoked_at?.getTime() }),
  };
}
