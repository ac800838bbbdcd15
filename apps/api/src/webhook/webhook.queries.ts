import type { Webhook } from '#libs/domain';
import { findWebhook, listDeliveries, listWebhooks as listStored, type PageRequest } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showDelivery, showWebhook, type WebhookView } from './webhook.view.js';

export async function webhookOf(call: Call, id: string): Promise<Webhook> {
  const webhook = await findWebhook(call.tx, call.actor.organizationId, id);
  if (!webhook) throw notFound('webhook');
  return webhook;
}

export async function listWebhooks(call: Call, page: PageRequest): Promise<WebhookView[]> {
  return (await listStored(call.tx, call.actor.organizationId, page)).map(showWebhook);
}

export async function listWebhookDeliveries(
  call: Call,
  input: { webhook: string },
  page: PageRequest,
): Promise<ReturnType<typeof showDelivery>[]> {
  const { id, organizationId } = await webhookOf(call, input.webhook);
  return (await listDeliveries(call.tx, organizationId, id, page)).map(showDelivery);
}
