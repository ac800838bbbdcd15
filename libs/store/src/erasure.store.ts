import { newErasure, type ErasedStore, type Erasure, type Id } from '#libs/domain';
import {
  closeForGoodSql,
  deleteServicesSql,
  emptyOrganizationSql,
  endedHoldsSql,
  eraseFlagSql,
  erasePeopleSql,
  findErasureSql,
  insertErasureSql,
  openErasuresSql,
  peopleSql,
  retireHandlesSql,
  saveErasureSql,
  standingServicesSql,
  traceIdsSql,
  type ErasureRow,
} from './erasure.sql.js';
import { TENANT_TABLES } from './erasure.tables.js';
import type { LeasedTx } from './lease.store.js';
import { ms, present, time } from './row.js';
import type { Tx } from './statement.js';

/** Starts it: the organization is closed for good. Bound to it, or as the system. */
export async function startErasure(
  tx: Tx,
  of: Pick<Erasure, 'organizationId' | 'requestedBy' | 'startedAt'> & { reason?: string | undefined },
): Promise<Erasure> {
  const { organizationId, requestedBy, reason, steps, stores, startedAt } = newErasure(of);
  await tx.run(closeForGoodSql, [organizationId, time(startedAt)]);
  const lists = [JSON.stringify(steps), JSON.stringify(stores)];
  const row = await tx.one(insertErasureSql, [
    organizationId,
    requestedBy,
    reason ?? null,
    ...lists,
    time(startedAt),
  ]);
  return toErasure(row as ErasureRow);
}

/** Bound to the organization. */
export async function findErasure(tx: Tx, organizationId: string): Promise<Erasure | undefined> {
  const row = await tx.one(findErasureSql, [organizationId]);
  return row && toErasure(row);
}

// ---- the system role's

/** Organizations whose hold has ended, held until the transaction ends; a few at a time. */
export async function endedHolds(tx: Tx, now: number): Promise<Erasure['organizationId'][]> {
  return (await tx.run(endedHoldsSql, [time(now)])).map(({ id }) => id);
}

/** Erasures that have not ended, oldest first. */
export async function openErasures(tx: Tx): Promise<Erasure[]> {
  return (await tx.run(openErasuresSql)).map(toErasure);
}

export async function saveErasure(tx: LeasedTx, erasure: Erasure): Promise<void> {
  const { organizationId, steps, stores, finishedAt } = erasure;
  const lists = [JSON.stringify(steps), JSON.stringify(stores)];
  await tx.run(saveErasureSql, [organizationId, ...lists, time(finishedAt)]);
}

/** Marks every service that stands deleted. Returns those that were not before, and how many are not gone yet. */
export async function deleteEveryService(
  tx: LeasedTx,
  organizationId: string,
  now: number,
): Promise<{ deleted: Id<'svc'>[]; standing: number }> {
  const deleted = await tx.run(deleteServicesSql, [organizationId, time(now)]);
  const standing = await tx.one(standingServicesSql, [organizationId]);
  return { deleted: deleted.map(({ id }) => id), standing: standing?.count ?? 0 };
}

/** What messages of an organization are named by. */
export interface TraceIds {
  services: string[];
  builds: string[];
  secrets: string[];
  hosts: string[];
}

export async function traceIds(tx: Tx, organizationId: string): Promise<TraceIds> {
  const none = { services: [], builds: [], secrets: [], hosts: [] };
  return (await tx.one(traceIdsSql, [organizationId])) ?? none;
}

/** Goes through every table once, in one transaction: everything is gone, or nothing. */
export async function eraseRows(tx: LeasedTx, organizationId: string): Promise<ErasedStore[]> {
  await tx.run(eraseFlagSql, [organizationId]);
  const people = (await tx.run(peopleSql, [organizationId])).map((row) => row.user_id);
  await tx.run(retireHandlesSql, [organizationId]);
  const stores: ErasedStore[] = [];
  for (const { name, fate, sql } of TENANT_TABLES) {
    const count = (await tx.one(sql, [organizationId]))?.count ?? 0;
    const isGone = fate === 'erased';
    stores.push({ store: `table ${name}`, erased: isGone ? count : 0, held: isGone ? 0 : count });
  }
  const gone = await tx.run(erasePeopleSql, [people]);
  stores.push({ store: 'table users', erased: gone.length, held: people.length - gone.length });
  await tx.run(emptyOrganizationSql, [organizationId]);
  return [...stores, { store: 'table organizations', erased: 0, held: 1 }];
}

function toErasure(row: ErasureRow): Erasure {
  return {
    organizationId: row.organization_id,
    requestedBy: row.requested_by,
    steps: row.steps,
    stores: row.stores,
    startedAt: ms(row.started_at),
    ...present({ reason: row.reason, finishedAt: row.finished_at?.getTime() }),
  };
}
