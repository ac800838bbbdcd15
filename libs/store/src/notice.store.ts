import { newId, type Id, type Notice, type NoticeData, type NoticeType, type Random } from '#libs/domain';
import { dropNoticesSql, insertNoticeSql, listNoticesSql } from './notice.sql.js';
import { writeOutbox } from './outbox.store.js';
import { AFTER_ALL, ms, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';
import { queueDeliveries } from './webhook.store.js';

/**
 * Tells an organization something, in the transaction of what it is told about: it can list it, it is on the bus (with what it
 * says, as NOTICE_EVENTS of libs/bus reads it), and it is sent to each of its webhooks that wants the type. After commit the writer calls `db.notify('outbox')`.
 */
export async function giveNotice<T extends NoticeType>(
  tx: Tx,
  told: { organizationId: Id<'org'>; type: T; data: NoticeData[T]; now: number },
  random: Random,
): Promise<void> {
  const { organizationId, type, data, now } = told;
  const id = newId('ntc', now, random);
  await tx.run(insertNoticeSql, [id, organizationId, type, JSON.stringify(data), time(now)]);
  const event = () => ({ id: newId('evt', now, random), key: id, organizationId, now });
  await writeOutbox(tx, { ...event(), name: 'notice.made' });
  const said = { schemaVersion: 1, noticeId: id, organizationId, ...data };
  await writeOutbox(tx, { ...event(), name: type, data: said });
  await queueDeliveries(tx, { id, organizationId, type, createdAt: now }, () => newId('dlv', now, random));
}

/** Removes at most `limit` notices made before that time (UTC ms), with their deliveries; says how many. System role. */
export async function dropNotices(tx: Tx, before: number, limit: number): Promise<number> {
  return (await tx.run(dropNoticesSql, [time(before), limit])).length;
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
