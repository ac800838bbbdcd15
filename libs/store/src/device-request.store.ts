import type { DeviceRequest, Id } from '#libs/domain';
import {
  decideDeviceRequestSql,
  findDeviceRequestSql,
  forgetDeviceRequestsSql,
  holdDeviceRequestSql,
  insertDeviceRequestSql,
  notePollSql,
  useDeviceRequestSql,
  type DeviceRequestRow,
} from './device-request.sql.js';
import { ms, present, time } from './row.js';
import type { Tx } from './statement.js';

/** An expired request is kept so long, so that the device is told that it expired. */
const KEPT_MS = 3_600_000;

/** All of this file is the system role's. `hash` is the SHA-256 of the device code. */
export async function insertDeviceRequest(
  tx: Tx,
  request: Omit<DeviceRequest, 'status' | 'lastPolledAt' | 'approvedBy' | 'organizationId'>,
  hash: Uint8Array,
): Promise<void> {
  const { userCode, address, client, createdAt, expiresAt, intervalMs } = request;
  await tx.run(forgetDeviceRequestsSql, [time(createdAt - KEPT_MS)]);
  const times = [time(createdAt), time(expiresAt), intervalMs];
  await tx.run(insertDeviceRequestSql, [hash, userCode, address, client, ...times]);
}

/** By the device's own code, held until the transaction ends. */
export async function holdDeviceRequest(tx: Tx, hash: Uint8Array): Promise<DeviceRequest | undefined> {
  const row = await tx.one(holdDeviceRequestSql, [hash]);
  return row && toRequest(row);
}

export async function notePoll(tx: Tx, hash: Uint8Array, intervalMs: number, now: number): Promise<void> {
  await tx.run(notePollSql, [hash, time(now), intervalMs]);
}

/** The approval was given out; it never is again. */
export async function useDeviceRequest(tx: Tx, hash: Uint8Array): Promise<void> {
  await tx.run(useDeviceRequestSql, [hash]);
}

/** By the code a person types. */
export async function findDeviceRequest(
  tx: Tx,
  userCode: string,
  now: number,
): Promise<DeviceRequest | undefined> {
  const row = await tx.one(findDeviceRequestSql, [userCode, time(now)]);
  return row && toRequest(row);
}

/** Undefined when there is none that waits for a decision. */
export async function decideDeviceRequest(
  tx: Tx,
  userCode: string,
  decision: { status: 'approved' | 'denied'; by: Id<'usr'>; organizationId: Id<'org'> },
  now: number,
): Promise<DeviceRequest | undefined> {
  const { status, by, organizationId } = decision;
  const row = await tx.one(decideDeviceRequestSql, [userCode, time(now), status, by, organizationId]);
  return row && toRequest(row);
}

function toRequest(row: DeviceRequestRow): DeviceRequest {
  return {
    userCode: row.user_code,
    status: row.status,
    address: row.address,
    client: row.client,
    createdAt: ms(row.created_at),
    expiresAt: ms(row.expires_at),
    intervalMs: row.interval_ms,
    ...present({
      lastPolledAt: row.last_polled_at?.getTime(),
      approvedBy: row.approved_by,
      organizationId: row.organization_id,
    }),
  };
}
