import { NOTICE_TYPES, TowpathError, WEBHOOK, refuseIfAny, webhookUrlProblem } from '#libs/domain';
import {
  countWebhooks,
  dataKeyOf,
  deleteWebhook as deleteStored,
  insertWebhook,
  seal,
  webhookBinding,
} from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { webhookOf } from './webhook.queries.js';
import { showWebhook, type WebhookView } from './webhook.view.js';

/** The prefix by which Standard Webhooks' libraries know a secret. */
const SECRET_PREFIX = 'whsec_';

/** Its signing key is stored sealed, and shown nowhere but in this answer. */
export async function createWebhook(
  call: CommandCall,
  input: { url: string; types?: string[] | undefined },
): Promise<WebhookView & { secret: string }> {
  const { tx, now, parts } = call;
  const { organizationId } = call.actor;
  const problem = webhookUrlProblem(input.url, parts.webhookReach);
  const asked = input.types ?? [];
  const types = NOTICE_TYPES.filter((type) => asked.includes(type));
  refuseIfAny([
    ...(problem === undefined ? [] : [{ field: 'url', message: problem }]),
    ...asked.flatMap((type, i) =>
      types.some((known) => known === type)
        ? []
        : [{ field: `types[${i}]`, message: `must be one of ${NOTICE_TYPES.join(', ')}` }],
    ),
  ]);
  if ((await countWebhooks(tx, organizationId)) >= WEBHOOK.perOrganization) {
    throw new TowpathError(
      'FAILED_PRECONDITION',
      `An organization has at most ${WEBHOOK.perOrganization} webhooks.`,
      { nextStep: 'Delete one first.' },
    );
  }
  const key = parts.random(WEBHOOK.secretBytes);
  const webhook = { id: call.newId('whk'), organizationId, url: input.url, types, createdAt: now };
  const dataKey = await dataKeyOf(tx, organizationId, parts.masterKey, { now, random: parts.random });
  const content = seal(dataKey.key, webhookBinding(webhook), key);
  await insertWebhook(tx, webhook, { keyId: dataKey.id, content });
  await call.audit(webhook.id, { after: { url: input.url, types } });
  return { ...showWebhook(webhook), secret: SECRET_PREFIX + Buffer.from(key).toString('base64') };
}

/** Gives it as it was. */
export async function deleteWebhook(call: CommandCall, input: { webhook: string }): Promise<WebhookView> {
  const webhook = await webhookOf(call, input.webhook);
  await deleteStored(call.tx, webhook.organizationId, webhook.id);
  await call.audit(webhook.id, { before: { url: webhook.url, types: webhook.types } });
  return showWebhook(webhook);
}
