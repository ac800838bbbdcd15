import { z } from 'zod';
import { defineQuery } from '../call/definition.js';
import { billedMonth } from '../call/scalars.js';
import { creditKind } from '../credit/credit.view.js';
import { adjustmentLineView, correctionView } from '../invoice/invoice.view.js';
import { billingModel } from '../plan/plan.view.js';
import { billAdjustment } from './adjustment.view.js';
import { readBill } from './bill.queries.js';
import { amount } from './cost.view.js';

const billTotal = z.object({ total: amount, due: amount }).meta({ id: 'BillTotal' });

const billView = z
  .object({
    month: z.string(),
    currency: z.string(),
    plan: z
      .object({
        id: z.string(),
        version: z.int(),
        name: z.string(),
        model: billingModel,
      })
      .meta({ id: 'PricePlan' }),
    lines: z.array(
      z
        .object({
          projectId: z.string(),
          project: z.string(),
          serviceId: z.string(),
          service: z.string(),
          revisionId: z.string().optional(),
          revision: z.string().optional(),
          day: z.string(),
          item: z.string(),
          version: z.int().describe('Version of the plan that was in force.'),
          quantity: amount,
          unit: z.string(),
          rate: amount,
          amount,
        })
        .meta({ id: 'BillLine' }),
    ),
    items: z.array(
      z
        .object({
          item: z.string(),
          name: z.string(),
          plan: z.string(),
          version: z.int(),
          unit: z.string(),
          rate: amount,
          quantity: amount,
          list: amount.describe('At list price.'),
          adjustments: z.array(billAdjustment),
          amount,
          rounded: amount,
        })
        .meta({ id: 'BillItem' }),
    ),
    adjustments: z
      .array(adjustmentLineView)
      .describe('What operators added or took off, that the invoice of this month asks for too.'),
    corrections: z
      .array(correctionView)
      .describe(
        'What came late for months before, that it asks for too; of months in another currency it is on an invoice of that one.',
      ),
    total: amount.describe('Exact sum of all lines.'),
    due: amount.describe('Sum of the rounded items.'),
    taxes: z.array(
      z
        .object({ name: z.string(), percent: amount, base: amount, amount })
        .meta({ id: 'BillTax', description: 'On the sum of the rounded items, rounded once.' }),
    ),
    gross: amount.describe('With taxes.'),
    credits: z
      .array(
        z
          .object({ id: z.string(), name: z.string(), kind: creditKind, amount })
          .meta({ id: 'BillCredit', description: 'What a credit pays of it.' }),
      )
      .describe('As if no other month were paid from them first.'),
    payable: amount.describe('What is left to be paid.'),
    comparison: z.object({ perRequest: billTotal }).meta({ id: 'BillComparison' }),
  })
  .meta({ id: 'Bill', description: 'What an organization owes for a month, as far as it is known now.' });

export const billOperations = [
  defineQuery({
    name: 'bill.read',
    permission: 'bill.read',
    rest: { method: 'GET', path: '/v1/bill', status: 200 },
    graphql: 'bill',
    summary: 'The current bill of your organization, by project, service, revision and day.',
    input: z.strictObject({
      month: billedMonth.describe('A UTC month like `2026-11`; this month when absent.'),
    }),
    output: billView,
    handler: readBill,
  }),
];
