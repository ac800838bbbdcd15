import type { Notice } from '#libs/domain';
import { statement } from './statement.js';

export interface NoticeRow {
  id: Notice['id'];
  organization_id: Notice['organizationId'];
  type: Notice['type'];
  data: Notice['data'];
  created_at: Date;
}

export const insertNoticeSql = statement<unknown>(
  'notice_insert',
  `INSERT INTO notices (id, organization_id, type, data, created_at) VALUES ($1, $2, $3, $4, $5)`,
);

/** Deliveries of a notice go with it. */
export const dropNoticesSql = statement<{ id: string }>(
  'notice_drop',
  `DELETE FROM notices WHERE (organization_id, id) IN (
     SELECT organization_id, id FROM notices WHERE created_at < $1 ORDER BY created_at LIMIT $2)
   RETURNING id`,
);

export const listNoticesSql = statement<NoticeRow>(
  'notice_list',
  `SELECT id, organization_id, type, data, created_at FROM notices
   WHERE organization_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
);
