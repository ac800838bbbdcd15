import { z } from 'zod';
import { defineQuery } from '../call/definition.js';
import { reference } from '../call/scalars.js';
import { readUsage } from './usage.queries.js';

const count = z.string().describe('A whole number of up to 64 bits.');
const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a day like 2026-11-21')
  .refine((text) => !Number.isNaN(Date.parse(text)), 'must be a day of the calendar');

const usageView = z
  .object({
    projectId: z.string(),
    project: z.string(),
    serviceId: z.string(),
    service: z.string(),
    revisionId: z.string().optional(),
    revision: z.string().optional(),
    priceZone: z.string(),
    day: z.string(),
    requests: count,
    notBillableRequests: count,
    blocks: count.describe('Blocks of 100 ms in which an instance was held, under concurrency.'),
    billableMs: count,
    perRequestUnits: count.describe('The same usage with every request rounded up by itself.'),
    requestBytes: count,
    responseBytes: count,
    cpuMillis: z.int(),
    memoryMiB: z.int(),
  })
  .meta({ id: 'UsageDay', description: 'Usage of one revision on one UTC day.' });

export const usageOperations = [
  defineQuery({
    name: 'usage.read',
    permission: 'usage.read',
    rest: { method: 'GET', path: '/v1/projects/{project}/usage', status: 200 },
    graphql: 'usage',
    summary: 'Usage of a project by service, revision and UTC day; this month when nothing else is said.',
    input: z.strictObject({
      project: reference('Handle or id of the project.'),
      service: reference('Name or id of a service.').optional(),
      from: day.optional().describe('First day.'),
      to: day.optional().describe('Last day.'),
    }),
    output: z.object({ items: z.array(usageView) }).meta({ id: 'Usage' }),
    handler: readUsage,
  }),
];
