import {
  findHeldSql,
  forgetHeldSql,
  listHeldSql,
  noteHeldSql,
  releaseHeldSql,
  unknownServicesSql,
} from './held.sql.js';
import { time } from './row.js';
import type { Tx } from './statement.js';

/** A service that clusters hold newer than the rows do: left as it is until an operator says that the rows count. */
export interface HeldService {
  serviceId: string;
  organizationId: string;
  name: string;
  /** UTC ms. */
  foundAt: number;
  /** The operator's word: the rows count. */
  released: boolean;
  /** False when the rows know no such service: it was made after the copy. */
  known: boolean;
}

export async function noteHeld(
  tx: Tx,
  service: { id: string; organizationId: string; name: string },
  now: number,
): Promise<void> {
  await tx.run(noteHeldSql, [service.id, service.organizationId, service.name, time(now)]);
}

/** Undefined when the service is not held. */
export async function findHeld(tx: Tx, serviceId: string): Promise<{ released: boolean } | undefined> {
  return tx.one(findHeldSql, [serviceId]);
}

/** Rows and clusters say the same again. */
export async function forgetHeld(tx: Tx, serviceId: string): Promise<void> {
  await tx.run(forgetHeldSql, [serviceId]);
}

export async function listHeld(tx: Tx): Promise<HeldService[]> {
  const rows = await tx.run(listHeldSql);
  return rows.map((row) => ({
    serviceId: row.service_id,
    organizationId: row.organization_id,
    name: row.name,
    foundAt: row.found_at.getTime(),
    released: row.released,
    known: row.known,
  }));
}

/** The operator's word for one service. Returns whether it was held. */
export async function releaseHeld(tx: Tx, serviceId: string, now: number): Promise<boolean> {
  return (await tx.one(releaseHeldSql, [serviceId, time(now)])) !== undefined;
}

/** Which of these ids no row knows. */
export async function unknownServices(tx: Tx, ids: readonly string[]): Promise<string[]> {
  return ids.length === 0 ? [] : (await tx.run(unknownServicesSql, [ids])).map((row) => row.id);
}
