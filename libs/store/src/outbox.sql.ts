import type { HubEventName } from '#libs/domain';
import { statement } from './statement.js';

export interface OutboxRow {
  id: string;
  name: HubEventName;
  key: string;
  data: object | null;
  created_at: Date;
}

export const writeOutboxSql = statement<unknown>(
  'outbox_write',
  `INSERT INTO outbox (id, name, key, organization_id, created_at, data) VALUES ($1, $2, $3, $4, $5, $6)`,
);

export const writeServicesChangedSql = statement<unknown>(
  'outbox_write_services_changed',
  `INSERT INTO outbox (id, name, key, organization_id, created_at)
   SELECT id, 'service.changed', key, $3, $4 FROM unnest($1::text[], $2::text[]) AS one (id, key)`,
);

// Never pages by "id > last": ids are given before commit, so a slow transaction would be skipped for ever.
export const takeUnsentSql = statement<OutboxRow>(
  'outbox_take_unsent',
  `SELECT id, name, key, data, created_at FROM outbox WHERE sent_at IS NULL
   ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED`,
);

export const markSentSql = statement<unknown>(
  'outbox_mark_sent',
  `UPDATE outbox SET sent_at = $3, sequence = acked.sequence
   FROM unnest($1::text[], $2::bigint[]) AS acked (id, sequence) WHERE outbox.id = acked.id`,
);

export const highestSequenceSql = statement<{ sequence: number | null }>(
  'outbox_highest_sequence',
  `SELECT max(sequence) AS sequence FROM outbox`,
);

export const refillSql = statement<{ id: string }>(
  'outbox_refill',
  `UPDATE outbox SET sent_at = NULL, sequence = NULL WHERE sequence > $1 RETURNING id`,
);

export const dropSentSql = statement<{ id: string }>(
  'outbox_drop_sent',
  `DELETE FROM outbox WHERE sent_at < $1 RETURNING id`,
);
