import { NOTICE_TYPES, WEBHOOK } from '#libs/domain';
import { z } from 'zod';
import { defineCommand } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { reference } from '../call/scalars.js';
import { createWebhook, deleteWebhook } from './webhook.commands.js';
import { listWebhookDeliveries, listWebhooks } from './webhook.queries.js';
import { deliveryView, newWebhookView, webhookView } from './webhook.view.js';

const webhook = reference('Id of the webhook.');

export const webhookOperations = [
  definePage({
    name: 'webhooks.list',
    permission: 'webhook.read',
    rest: { method: 'GET', path: '/v1/webhooks', status: 200 },
    graphql: 'webhooks',
    summary: 'Addresses to which notices of your organization are sent.',
    input: z.strictObject({}),
    item: webhookView,
    key: 'id',
    handler: (call, _input, page) => listWebhooks(call, page),
  }),
  defineCommand({
    name: 'webhooks.create',
    permission: 'webhook.write',
    rest: { method: 'POST', path: '/v1/webhooks', status: 201 },
    graphql: 'createWebhook',
    summary:
      'Have notices sent to an address, signed as Standard Webhooks says. The secret is shown this once.',
    input: z.strictObject({
      url: z.string().max(WEBHOOK.urlLength).describe('An https URL of the public Internet.'),
      types: z
        .array(z.string().max(50))
        .max(NOTICE_TYPES.length)
        .optional()
        .describe('Only notices of these types; all when absent or empty.'),
    }),
    output: newWebhookView,
    confidential: true,
    handler: createWebhook,
  }),
  defineCommand({
    name: 'webhooks.delete',
    permission: 'webhook.write',
    rest: { method: 'DELETE', path: '/v1/webhooks/{webhook}', status: 200 },
    graphql: 'deleteWebhook',
    summary: 'Send nothing more there. What waits is dropped.',
    input: z.strictObject({ webhook }),
    output: webhookView,
    handler: deleteWebhook,
  }),
  definePage({
    name: 'webhooks.deliveries',
    permission: 'webhook.read',
    rest: { method: 'GET', path: '/v1/webhooks/{webhook}/deliveries', status: 200 },
    graphql: 'webhookDeliveries',
    summary: 'What was sent to a webhook and what came of it, newest first.',
    input: z.strictObject({ webhook }),
    item: deliveryView,
    key: 'id',
    handler: listWebhookDeliveries,
  }),
];
