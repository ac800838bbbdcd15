import { statement } from './statement.js';

export const recordInboxSql = statement<{ message_id: string }>(
  'inbox_record',
  `INSERT INTO inbox (consumer, message_id, handled_at) VALUES ($1, $2, $3)
   ON CONFLICT DO NOTHING RETURNING message_id`,
);

export const dropInboxSql = statement<{ message_id: string }>(
  'inbox_drop',
  `DELETE FROM inbox WHERE handled_at < $1 RETURNING message_id`,
);
