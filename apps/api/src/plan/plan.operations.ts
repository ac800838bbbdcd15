import { z } from 'zod';
import { defineCommand, defineQuery } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { billedMonth, reference } from '../call/scalars.js';
import { createPlan } from './plan.commands.js';
import { getPlan, listPlans } from './plan.queries.js';
import { previewPlan, previewView } from './plan.preview.js';
import { planDocumentView, planVersionView } from './plan.view.js';

const document = z.record(z.string(), z.unknown()).describe('The plan as data (docs/prices).');
const month = billedMonth.describe('A UTC month like `2026-11`; last month when absent.');

export const planOperations = [
  definePage({
    name: 'plans.list',
    permission: 'plan.read',
    rest: { method: 'GET', path: '/v1/price-plans', status: 200 },
    graphql: 'pricePlans',
    summary: 'Versions of all price plans, in the order in which they were stored (platform operators).',
    input: z.strictObject({}),
    item: planVersionView,
    key: 'id',
    handler: (call, _input, page) => listPlans(call, page),
  }),
  defineCommand({
    name: 'plans.create',
    permission: 'plan.write',
    rest: { method: 'POST', path: '/v1/price-plans', status: 201 },
    graphql: 'createPricePlan',
    summary:
      'Store a version of a price plan (platform operators). It never changes; a later version is in force from its `effectiveFrom` on.',
    input: z.strictObject({
      document,
    }),
    output: planDocumentView,
    handler: createPlan,
  }),
  defineQuery({
    name: 'plans.get',
    permission: 'plan.read',
    rest: { method: 'GET', path: '/v1/price-plans/{plan}', status: 200 },
    graphql: 'pricePlan',
    summary: 'A price plan as data: the version that is named, else the one in force (platform operators).',
    input: z.strictObject({
      plan: reference('Id of the plan.'),
      version: z.int().min(1).optional().describe('Which version.'),
    }),
    output: planDocumentView,
    handler: getPlan,
  }),
  definePage({
    name: 'plans.preview',
    permission: 'plan.read',
    rest: { method: 'POST', path: '/v1/price-plans/preview', status: 200 },
    graphql: 'pricePlanPreview',
    summary:
      'What a new version of a plan would have made of last month, for every organization (platform operators).',
    input: z.strictObject({
      document,
      month,
      everybody: z.boolean().default(false).describe('Also of those that have another plan.'),
    }),
    item: previewView,
    key: 'id',
    handler: previewPlan,
  }),
];
