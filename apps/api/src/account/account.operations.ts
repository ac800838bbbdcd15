import { z } from 'zod';
import { defineCommand, defineQuery } from '../call/definition.js';
import { moment, reference } from '../call/scalars.js';
import { updateAccount } from './account.commands.js';
import { getAccount } from './account.queries.js';
import { accountView, buyerSchema, percent, taxLine } from './account.view.js';
import { setTerms } from './terms.commands.js';

const organization = reference('Id of the organization.');

export const accountOperations = [
  defineQuery({
    name: 'accounts.get',
    permission: 'account.read',
    rest: { method: 'GET', path: '/v1/organizations/{organization}/billing-account', status: 200 },
    graphql: 'billingAccount',
    summary: 'How an organization is billed, and who pays: your own, for platform operators any.',
    input: z.strictObject({ organization }),
    output: accountView,
    handler: getAccount,
  }),
  defineCommand({
    name: 'accounts.update',
    permission: 'account.write',
    whileStopped: true,
    rest: { method: 'PATCH', path: '/v1/organizations/{organization}/billing-account', status: 200 },
    graphql: 'updateBillingAccount',
    summary: 'Say who is asked to pay; the whole block is replaced.',
    input: z.strictObject({ organization, buyer: buyerSchema, version: z.string().optional() }),
    output: accountView,
    handler: updateAccount,
  }),
  defineCommand({
    name: 'accounts.setTerms',
    permission: 'account.terms',
    rest: { method: 'PUT', path: '/v1/organizations/{organization}/billing-terms', status: 200 },
    graphql: 'setBillingTerms',
    summary: 'Set plan, discount and taxes of an organization from an instant on (platform operators).',
    input: z.strictObject({
      organization,
      plan: reference('Id of a price plan.'),
      discountPercent: percent.default('0').describe('Off every charge, of 100.'),
      taxes: z.array(taxLine).max(5).default([]).describe('On the sum of an invoice.'),
      effectiveFrom: moment
        .optional()
        .describe(
          'A whole minute. Absent: from the beginning when nothing was used yet, else the next minute.',
        ),
    }),
    output: accountView,
    handler: setTerms,
  }),
];
