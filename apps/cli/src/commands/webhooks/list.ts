import type { WebhookView } from '../../client/webhook.types.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';

/** `tow webhooks list` */
export const webhooksList = listCommand<WebhookView>({
  calls: ['GET /v1/webhooks'],
  address: () => Promise.resolve('/v1/webhooks'),
  columns: {
    ID: (webhook) => webhook.id,
    URL: (webhook) => webhook.url,
    TYPES: (webhook) => (webhook.types.length === 0 ? 'all' : webhook.types.join(',')),
    CREATED: (webhook) => shortTime(webhook.createdAt),
    GONE: (webhook) => shortTime(webhook.goneAt),
  },
  nothing: 'No webhook. Make one: tow webhooks create URL',
});
