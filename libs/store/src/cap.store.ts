import {
  capAmount,
  capMoney,
  formatDecimal,
  parseDecimal,
  parseRatio,
  type BilledSize,
  type Cap,
  type CapMoney,
  type Id,
} from '#libs/domain';
import {
  allowancesSql,
  cappedOrganizationsSql,
  deleteCapSql,
  dirtyBeforeSql,
  dropAllowanceSql,
  findCapSql,
  lockCapSql,
  longestTimeoutSql,
  markCapSql,
  revisionSizesSql,
  saidRecordsSql,
  saveAllowanceSql,
  saveCapSql,
  servedSizesSql,
  type CapRow,
  type RevisionRow,
} from './cap.sql.js';
import type { LeasedTx } from './lease.store.js';
import { sizeOf } from './revision-size.sql.js';
import { ms, time } from './row.js';
import type { Tx } from './statement.js';

/** A cap with what billing last found. */
export interface StoredCap extends Cap {
  /** Not enough is left for one request more, or the cap cannot be kept under a plan of the month. */
  reached: boolean;
  /** Of which month, amount and reason the organization was last told that it is reached. */
  told?: string;
}

/** What one process of a gateway may spend of a cap. */
export interface Allowance {
  gatewayId: string;
  /** The process: another one at every start. */
  incarnation: string;
  amount: CapMoney;
  /** How many times it has asked. */
  asked: number;
  /** Since when nothing is let in at the gateway that a former process allowed; absent while there may be. */
  beganAt?: number;
  askedAt: number;
}

/** Agents tell once a minute that an instance runs. */
const TOLD_MS = 90_000;
const NOT_YET = Date.UTC(9999, 0);

/** A revision, as far as it has a price. */
export interface SizedRevision extends BilledSize {
  id: Id<'rev'>;
  timeoutSeconds: number;
}

/** One that hosts lead to. */
export interface ServedRevision extends SizedRevision {
  /** Its instances that run, by what was told last. */
  running: number;
}

/** One record of usage: who noted it, and where. */
export interface RecordName {
  producer: string;
  position: number;
}

export async function findCap(tx: Tx, organizationId: string): Promise<StoredCap | undefined> {
  const row = await tx.one(findCapSql, [organizationId]);
  return row && toCap(row);
}

/** The same, held until the transaction ends. */
export async function lockCap(tx: Tx, organizationId: string): Promise<StoredCap | undefined> {
  const row = await tx.one(lockCapSql, [organizationId]);
  return row && toCap(row);
}

/** Sets the cap; whether it is reached is looked at anew. */
export async function saveCap(
  tx: Tx,
  { organizationId, amount, currency }: Pick<Cap, 'organizationId' | 'amount' | 'currency'>,
  now: number,
): Promise<StoredCap> {
  return toCap((await tx.one(saveCapSql, [organizationId, amount, currency, time(now)])) as CapRow);
}

/** With what gateways may spend of it. */
export async function deleteCap(tx: Tx, organizationId: string): Promise<void> {
  await tx.run(deleteCapSql, [organizationId]);
}

/** Ids of all organizations that have a cap; needs the system role. */
export async function cappedOrganizations(tx: Tx): Promise<Id<'org'>[]> {
  return (await tx.run(cappedOrganizationsSql)).map((row) => row.organization_id);
}

/** Notes whether the cap is reached, and of what the organization was told. */
export async function markCap(
  tx: LeasedTx,
  { organizationId, reached, told }: Pick<StoredCap, 'organizationId' | 'reached' | 'told'>,
): Promise<void> {
  await tx.run(markCapSql, [organizationId, reached, told ?? null]);
}

export async function findAllowances(tx: Tx, organizationId: string): Promise<Allowance[]> {
  return (await tx.run(allowancesSql, [organizationId])).map((row) => ({
    gatewayId: row.gateway_id,
    incarnation: row.incarnation,
    amount: capMoney(parseRatio(row.amount)),
    asked: row.asked,
    ...(ms(row.began_at) < NOT_YET ? { beganAt: ms(row.began_at) } : {}),
    askedAt: ms(row.asked_at),
  }));
}

/** Must run while the cap is held (lockCap). */
export async function saveAllowance(tx: Tx, organizationId: string, allowance: Allowance): Promise<void> {
  const { gatewayId, incarnation, amount, asked, beganAt, askedAt } = allowance;
  await tx.run(saveAllowanceSql, [
    organizationId,
    gatewayId,
    incarnation,
    capAmount(amount),
    asked,
    time(beganAt ?? NOT_YET),
    time(askedAt),
  ]);
}

/** Unless it was asked for again meanwhile. */
export async function dropAllowance(tx: LeasedTx, organizationId: string, of: Allowance): Promise<void> {
  await tx.run(dropAllowanceSql, [organizationId, of.gatewayId, of.incarnation, of.asked]);
}

/** Which of these records the organization's windows count, or billing holds back; by position in the list. */
export async function saidRecords(
  tx: Tx,
  organizationId: string,
  records: readonly RecordName[],
): Promise<number[]> {
  if (records.length === 0) return [];
  const rows = await tx.run(saidRecordsSql, [
    organizationId,
    records.map((_, n) => n),
    records.map(({ producer }) => producer),
    records.map(({ position }) => position),
  ]);
  return rows.map(({ n }) => n);
}

/** Whether usage that was taken in waits to be folded in windows that begin before (UTC ms). */
export async function isDirtyBefore(tx: Tx, organizationId: string, beforeMs: number): Promise<boolean> {
  return (await tx.one(dirtyBeforeSql, [organizationId, beforeMs]))?.dirty === true;
}

export async function findRevisionSizes(
  tx: Tx,
  organizationId: string,
  ids: readonly string[],
): Promise<SizedRevision[]> {
  return (await tx.run(revisionSizesSql, [organizationId, ids])).map(toSize);
}

/** The revisions that the organization's hosts lead to. */
export async function findServed(tx: Tx, organizationId: string, now: number): Promise<ServedRevision[]> {
  const rows = await tx.run(servedSizesSql, [organizationId, now - TOLD_MS]);
  return rows.map((row) => ({ ...toSize(row), running: row.running }));
}

/** The longest timeout, in seconds, that any revision of the organization has had. */
export async function longestTimeout(tx: Tx, organizationId: string): Promise<number> {
  return (await tx.one(longestTimeoutSql, [organizationId]))?.seconds ?? 0;
}

function toSize(row: RevisionRow): SizedRevision {
  return { id: row.id, ...sizeOf(row), timeoutSeconds: row.timeout_seconds };
}

function toCap(row: CapRow): StoredCap {
  return {
    organizationId: row.organization_id,
    amount: formatDecimal(parseDecimal(row.amount)),
    currency: row.currency,
    reached: row.reached,
    ...(row.told === null ? {} : { told: row.told }),
    createdAt: ms(row.created_at),
    version: row.version,
  };
}
