import { budgetAmountProblem } from '#libs/domain';
import { z } from 'zod';
import { defineCommand, defineQuery } from '../call/definition.js';
import { ruledText } from '../call/scalars.js';
import { deleteCap, setCap } from './cap.commands.js';
import { getCap } from './cap.queries.js';
import { capView } from './cap.view.js';

export const capOperations = [
  defineQuery({
    name: 'caps.get',
    permission: 'budget.read',
    rest: { method: 'GET', path: '/v1/cap', status: 200 },
    graphql: 'cap',
    summary: 'The most that your organization may spend in a month, and what of it is used.',
    input: z.strictObject({}),
    output: capView,
    handler: (call) => getCap(call),
  }),
  defineCommand({
    name: 'caps.set',
    permission: 'budget.write',
    rest: { method: 'PUT', path: '/v1/cap', status: 200 },
    graphql: 'setCap',
    summary:
      'Set the most that your organization may spend in a UTC month. Before it could be passed, requests to its services are refused with 402.',
    input: z.strictObject({
      amount: ruledText(budgetAmountProblem).describe('An exact decimal above 0, before taxes.'),
      currency: z.string().max(3).optional().describe('That of your bill, which it is when absent.'),
      version: z.string().max(20).optional().describe('Refuse when it changed since this version.'),
    }),
    output: capView,
    handler: setCap,
  }),
  defineCommand({
    name: 'caps.delete',
    permission: 'budget.write',
    rest: { method: 'DELETE', path: '/v1/cap', status: 200 },
    graphql: 'deleteCap',
    summary: 'Let your organization spend without a cap.',
    input: z.strictObject({}),
    output: capView,
    handler: (call) => deleteCap(call),
  }),
];
