import type { Delivery, Notice, Webhook } from '#libs/domain';
import type { LeasedTx } from './lease.store.js';
import { AFTER_ALL, ms, present, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';
import {
  countWebhooksSql,
  deleteWebhookSql,
  dueDeliveriesSql,
  findWebhookSql,
  goneSql,
  holdWebhookSql,
  holdWebhooksSql,
  insertDeliveriesSql,
  insertWebhookSql,
  listDeliveriesSql,
  listWebhooksSql,
  saveAttemptSql,
  wantedBySql,
  type WebhookRow,
} from './webhook.sql.js';

/** What a webhook's signing key is bound to when it is sealed. */
export function webhookBinding({ organizationId, id }: Pick<Webhook, 'organizationId' | 'id'>): string {
  return `${organizationId}|${id}|webhook`;
}

/** @param sealed its signing key, by that data key of the organization */
export async function insertWebhook(
  tx: Tx,
  webhook: Webhook,
  sealed: { keyId: number; content: Uint8Array },
): Promise<void> {
  const { id, organizationId, url, types, createdAt } = webhook;
  const { keyId, content } = sealed;
  await tx.run(insertWebhookSql, [id, organizationId, url, types, keyId, content, time(createdAt)]);
}

export async function findWebhook(tx: Tx, organizationId: string, id: string): Promise<Webhook | undefined> {
  const row = await tx.one(findWebhookSql, [organizationId, id]);
  return row && toWebhook(row);
}

/** Oldest first. */
export async function listWebhooks(tx: Tx, organizationId: string, page: PageRequest): Promise<Webhook[]> {
  return (await tx.run(listWebhooksSql, [organizationId, page.after ?? '', page.limit])).map(toWebhook);
}

/** Whoever counts before adding one holds up who does the same, until its transaction ends. */
export async function countWebhooks(tx: Tx, organizationId: string): Promise<number> {
  await tx.run(holdWebhooksSql, [organizationId]);
  return (await tx.one(countWebhooksSql, [organizationId]))?.count ?? 0;
}

/** With its deliveries, also those that wait. */
export async function deleteWebhook(tx: Tx, organizationId: string, id: string): Promise<void> {
  await tx.run(deleteWebhookSql, [organizationId, id]);
}

/** One delivery of a notice to each webhook that wants its type, in the transaction that gives the notice. */
export async function queueDeliveries(
  tx: Tx,
  { id, organizationId, type, createdAt }: Omit<Notice, 'data'>,
  newDeliveryId: () => Delivery['id'],
): Promise<void> {
  const wanted = await tx.run(wantedBySql, [organizationId, type]);
  if (wanted.length === 0) return;
  const ids = wanted.map(newDeliveryId);
  const webhooks = wanted.map((webhook) => webhook.id);
  await tx.run(insertDeliveriesSql, [organizationId, id, ids, webhooks, time(createdAt)]);
}

/** Of one webhook, newest first. */
export async function listDeliveries(
  tx: Tx,
  organizationId: string,
  webhookId: string,
  page: PageRequest,
): Promise<Delivery[]> {
  const values = [organizationId, webhookId, page.after ?? AFTER_ALL, page.limit];
  return (await tx.run(listDeliveriesSql, values)).map((row) => ({
    id: row.id,
    webhookId: row.webhook_id,
    noticeId: row.notice_id,
    type: row.type,
    status: row.status,
    attempts: row.attempts,
    at: ms(row.at),
    createdAt: ms(row.created_at),
    ...present({ lastResult: row.last_result }),
  }));
}

/** A delivery that is to be tried now, with all that it takes. */
export interface DueDelivery {
  id: Delivery['id'];
  organizationId: Webhook['organizationId'];
  webhookId: Webhook['id'];
  attempts: number;
  url: string;
  notice: Omit<Notice, 'organizationId'>;
  sealedKey: { keyId: number; about: string; content: Buffer };
}

/** At most `each` of one organization, with those under way, and `all` more together, without them; needs the system role. */
export async function dueDeliveries(
  tx: Tx,
  now: number,
  underWay: readonly string[],
  limits: { each: number; all: number },
): Promise<DueDelivery[]> {
  const rows = await tx.run(dueDeliveriesSql, [time(now), underWay, limits.each, limits.all]);
  return rows.map((row) => ({
    id: row.id,
    organizationId: row.organization_id,
    webhookId: row.webhook_id,
    attempts: row.attempts,
    url: row.url,
    notice: {
      id: row.notice_id,
      type: row.type,
      data: row.data as Notice['data'],
      createdAt: ms(row.notice_created_at),
    },
    sealedKey: {
      keyId: row.data_key_id,
      about: webhookBinding({ organizationId: row.organization_id, id: row.webhook_id }),
      content: row.sealed,
    },
  }));
}

/** Notes what came of an attempt; a webhook that is gone gets nothing more. */
export async function saveAttempt(
  tx: LeasedTx,
  { organizationId, id, webhookId }: Pick<DueDelivery, 'organizationId' | 'id' | 'webhookId'>,
  after: Pick<Delivery, 'status' | 'attempts' | 'at'> & { lastResult: string; gone: boolean },
  now: number,
): Promise<void> {
  const { status, attempts, lastResult, at, gone } = after;
  // Before its deliveries: two that hold one delivery each would wait for each other.
  if (gone) await tx.run(holdWebhookSql, [organizationId, webhookId]);
  await tx.run(saveAttemptSql, [organizationId, id, status, attempts, lastResult, time(at)]);
  if (gone) await tx.run(goneSql, [organizationId, webhookId, time(now)]);
}

function toWebhook(row: WebhookRow): Webhook {
  return {
    id: row.id,
    organizationId: row.organization_id,
    url: row.url,
    types: row.types,
    createdAt: ms(row.created_at),
    ...present({ goneAt: row.gone_at?.getTime() }),
  };
}
