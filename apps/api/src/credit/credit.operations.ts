import { titleProblem } from '#libs/domain';
import { z } from 'zod';
import { defineCommand } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { moment, reference, ruledText } from '../call/scalars.js';
import { createCredit, listCredits, revokeCredit } from './credit.commands.js';
import { creditKind, creditView } from './credit.view.js';

const organization = reference('Id of the organization.');

export const creditOperations = [
  definePage({
    name: 'credits.list',
    permission: 'account.read',
    rest: { method: 'GET', path: '/v1/organizations/{organization}/credits', status: 200 },
    graphql: 'credits',
    summary: 'Credits of an organization: your own, for platform operators any.',
    input: z.strictObject({ organization }),
    item: creditView,
    key: 'id',
    handler: listCredits,
  }),
  defineCommand({
    name: 'credits.create',
    permission: 'credit.write',
    rest: { method: 'POST', path: '/v1/organizations/{organization}/credits', status: 201 },
    graphql: 'createCredit',
    summary: 'Give an organization money that pays its invoices first (platform operators).',
    input: z.strictObject({
      organization,
      name: ruledText(titleProblem).describe('It stands on invoices.'),
      kind: creditKind.default('prepaid'),
      amount: z.string().max(40).describe('A decimal, like `100` or `12.50`.'),
      currency: z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters, like USD'),
      priority: z.int().min(0).max(1_000).default(100).describe('The lowest is used first.'),
      expiresAt: moment.optional().describe('It pays for months that begin before.'),
    }),
    output: creditView,
    handler: createCredit,
  }),
  defineCommand({
    name: 'credits.revoke',
    permission: 'credit.write',
    rest: { method: 'DELETE', path: '/v1/organizations/{organization}/credits/{credit}', status: 200 },
    graphql: 'revokeCredit',
    summary: 'Take back what is left of a credit (platform operators).',
    input: z.strictObject({ organization, credit: reference('Id of the credit.') }),
    output: creditView,
    handler: revokeCredit,
  }),
];
