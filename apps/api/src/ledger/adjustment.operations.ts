import { z } from 'zod';
import { defineCommand } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { reference } from '../call/scalars.js';
import { createAdjustment, listAdjustments } from './adjustment.commands.js';
import { adjustmentView } from './adjustment.view.js';

const organization = reference('Id of the organization.');
const path = '/v1/organizations/{organization}/adjustments';

export const adjustmentOperations = [
  definePage({
    name: 'adjustments.list',
    permission: 'invoice.read',
    rest: { method: 'GET', path, status: 200 },
    graphql: 'adjustments',
    summary:
      'What was added to what an organization owes, or taken off, newest first: your own, for platform operators any.',
    input: z.strictObject({ organization }),
    item: adjustmentView,
    key: 'id',
    handler: listAdjustments,
  }),
  defineCommand({
    name: 'adjustments.create',
    permission: 'invoice.write',
    rest: { method: 'POST', path, status: 201 },
    graphql: 'createAdjustment',
    summary: 'Add to what an organization owes, or take off: it is on its next invoice (platform operators).',
    input: z.strictObject({
      organization,
      amount: z.string().max(40).describe('A decimal, before taxes; below 0 it lowers what is owed.'),
      currency: z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters, like USD'),
      reason: z.string().trim().min(1).max(500).describe('Why; the organization reads it.'),
      reference: z
        .string()
        .regex(/^[A-Za-z0-9_.:/-]{1,100}$/, 'must be 1-100 of letters, digits and _ . : / -')
        .optional()
        .describe('What you call it; the same one is made once.'),
    }),
    output: adjustmentView,
    handler: createAdjustment,
  }),
];
