import { z } from 'zod';
import { defineCommand, defineQuery } from '../call/definition.js';
import { reference } from '../call/scalars.js';
import { eraseOrganization, getErasure } from './erasure.commands.js';
import { erasureView } from './erasure.view.js';

const organization = reference('Id of the organization.');

export const erasureOperations = [
  defineCommand({
    name: 'organizations.erase',
    permission: 'organization.erase',
    rest: { method: 'POST', path: '/v1/organizations/{organization}/erase', status: 202 },
    graphql: 'eraseOrganization',
    summary:
      'Erase a closing organization now instead of after its hold (platform operators). It cannot be undone.',
    input: z.strictObject({
      organization,
      reason: z.string().trim().min(1).max(500).describe('Kept with the erasure: no names in it.'),
    }),
    output: erasureView,
    handler: eraseOrganization,
  }),
  defineQuery({
    name: 'organizations.erasure',
    permission: 'organization.erase',
    rest: { method: 'GET', path: '/v1/organizations/{organization}/erasure', status: 200 },
    graphql: 'erasure',
    summary: 'How far an erasure is, and what of every store is gone or kept (platform operators).',
    input: z.strictObject({ organization }),
    output: erasureView,
    handler: getErasure,
  }),
];
