import { statement } from './statement.js';

export const hubEpochSql = statement<{ epoch: number }>('hub_epoch', `SELECT epoch FROM hub`);

export const raiseHubEpochSql = statement<{ epoch: number }>(
  'hub_raise_epoch',
  `UPDATE hub SET epoch = $1 + 1 WHERE epoch <= $1 RETURNING epoch`,
);

export const lockHubSql = statement<unknown>('hub_lock', `SELECT epoch FROM hub FOR UPDATE`);

export const usageRereadSql = statement<{ asked: boolean }>(
  'hub_usage_reread',
  `SELECT usage_reread AS asked FROM hub`,
);

export const usageRereadDoneSql = statement<unknown>(
  'hub_usage_reread_done',
  `UPDATE hub SET usage_reread = false`,
);
