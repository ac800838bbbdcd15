import type { Notice } from '#libs/domain';
import { insertNoticeSql, listNoticesSql } from './notice.sql.js';
import { writeOutbox } from './outbox.store.js';
import { AFTER_ALL, ms, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/**
 * Tells an organization something, in the transaction of what it is told about, and puts it on the bus; `eventId` is the
 * outbox row's. After commit the writer calls `db.notify('outbox')`.
 */
export async function giveNotice(tx: Tx, notice: Notice, eventId: string): Promise<void> {
  const { id, organizationId, type, data, createdAt: now } = notice;
  await tx.run(insertNoticeSql, [id, organizationId, type, JSON.stringify(data), time(now)]);
  await writeOutbox(tx, { id: eventId, name: 'notice.made', key: id, organizationId, now });
}

/** Newest first. */
export async function listNotices(tx: Tx, organizationId: string, page: PageRequest): Promise<Notice[]> {
  const rows = await tx.run(listNoticesSql, [organizationId, page.after ?? AFTER_ALL, page.limit]);
  return rows.map(({ id, type, data, created_at: created }) => ({
    id,
    organizationId: organizationId as Notice['organizationId'],
    type,
    data,
    createdAt: ms(created),
  }));
}
