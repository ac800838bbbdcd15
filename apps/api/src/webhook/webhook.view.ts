import type { Delivery, Webhook } from '#libs/domain';
import { z } from 'zod';
import { iso, isoIf } from '../call/scalars.js';

const webhookFields = {
  id: z.string(),
  url: z.string(),
  types: z.array(z.string()).describe('Empty: all.'),
  createdAt: z.string(),
  goneAt: z.string().optional().describe('It answered 410 Gone then: nothing more is sent.'),
};

export const webhookView = z
  .object(webhookFields)
  .meta({ id: 'Webhook', description: 'An address to which notices are sent.' });

export const newWebhookView = z
  .object({
    ...webhookFields,
    secret: z.string().describe('What signatures are checked with. It is shown this once.'),
  })
  .meta({ id: 'NewWebhook' });

export const deliveryView = z
  .object({
    id: z.string(),
    webhookId: z.string(),
    noticeId: z.string(),
    type: z.string(),
    status: z.enum(['pending', 'delivered', 'failed']).meta({ id: 'DeliveryStatus' }),
    attempts: z.int(),
    lastResult: z.string().optional(),
    at: z.string().describe('When it is tried next, or when it ended.'),
    createdAt: z.string(),
  })
  .meta({ id: 'WebhookDelivery', description: 'One notice to one webhook.' });

export type WebhookView = z.input<typeof webhookView>;

export function showWebhook({ id, url, types, createdAt, goneAt }: Webhook): WebhookView {
  return { id, url, types, createdAt: iso(createdAt), ...isoIf('goneAt', goneAt) };
}

export function showDelivery(delivery: Delivery): z.input<typeof deliveryView> {
  return { ...delivery, at: iso(delivery.at), createdAt: iso(delivery.createdAt) };
}
