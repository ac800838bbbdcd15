import type { DeviceRequest } from '#libs/domain';
import { statement } from './statement.js';

export interface DeviceRequestRow {
  user_code: string;
  status: DeviceRequest['status'];
  address: string;
  client: string;
  created_at: Date;
  expires_at: Date;
  last_polled_at: Date | null;
  interval_ms: number;
  approved_by: DeviceRequest['approvedBy'] | null;
  organization_id: DeviceRequest['organizationId'] | null;
}

const COLUMNS = `user_code, status, address, client, created_at, expires_at, last_polled_at, interval_ms, approved_by,
  organization_id`;

export const forgetDeviceRequestsSql = statement<unknown>(
  'device_request_forget',
  'DELETE FROM device_requests WHERE expires_at < $1',
);

export const insertDeviceRequestSql = statement<unknown>(
  'device_request_insert',
  `INSERT INTO device_requests (hash, user_code, address, client, created_at, expires_at, interval_ms)
   VALUES ($1, $2, $3, $4, $5, $6, $7)`,
);

export const holdDeviceRequestSql = statement<DeviceRequestRow>(
  'device_request_hold',
  `SELECT ${COLUMNS} FROM device_requests WHERE hash = $1 FOR UPDATE`,
);

export const notePollSql = statement<unknown>(
  'device_request_note_poll',
  'UPDATE device_requests SET last_polled_at = $2, interval_ms = $3 WHERE hash = $1',
);

export const useDeviceRequestSql = statement<unknown>(
  'device_request_use',
  `UPDATE device_requests SET status = 'used' WHERE hash = $1`,
);

export const findDeviceRequestSql = statement<DeviceRequestRow>(
  'device_request_find',
  `SELECT ${COLUMNS} FROM device_requests WHERE user_code = $1 AND expires_at > $2`,
);

export const decideDeviceRequestSql = statement<DeviceRequestRow>(
  'device_request_decide',
  `UPDATE device_requests SET status = $3, approved_by = $4, organization_id = $5
   WHERE user_code = $1 AND expires_at > $2 AND status = 'pending' RETURNING ${COLUMNS}`,
);
