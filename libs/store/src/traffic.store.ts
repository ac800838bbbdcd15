import type { Id, TrafficChange } from '#libs/domain';
import { ms, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';
import {
  findTrafficChangeSql,
  insertTrafficChangeSql,
  listTrafficChangesSql,
  type TrafficChangeRow,
} from './traffic.sql.js';

/** Writes the next numbered row. The caller holds the service's lock. */
export async function insertTrafficChange(
  tx: Tx,
  organizationId: string,
  change: Omit<TrafficChange, 'number'>,
): Promise<TrafficChange> {
  const row = await tx.one(insertTrafficChangeSql, [
    organizationId,
    change.serviceId,
    change.actorId,
    JSON.stringify(change.from),
    JSON.stringify(change.to),
    time(change.createdAt),
  ]);
  return toTrafficChange(row as TrafficChangeRow);
}

/** Newest first; `page.after` is the number of the last row of the page before. */
export async function listTrafficChanges(
  tx: Tx,
  organizationId: string,
  serviceId: Id<'svc'>,
  page: PageRequest,
): Promise<TrafficChange[]> {
  const before = page.after === undefined ? null : Number(page.after);
  const rows = await tx.run(listTrafficChangesSql, [organizationId, serviceId, before, page.limit]);
  return rows.map(toTrafficChange);
}

export async function findTrafficChange(
  tx: Tx,
  organizationId: string,
  serviceId: Id<'svc'>,
  number: number,
): Promise<TrafficChange | undefined> {
  const row = await tx.one(findTrafficChangeSql, [organizationId, serviceId, number]);
  return row && toTrafficChange(row);
}

function toTrafficChange(row: TrafficChangeRow): TrafficChange {
  return {
    serviceId: row.service_id,
    number: row.number,
    actorId: row.actor_id,
    from: row.from_traffic,
    to: row.to_traffic,
    createdAt: ms(row.created_at),
  };
}
