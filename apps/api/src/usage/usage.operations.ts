import { z } from 'zod';
import { defineQuery } from '../call/definition.js';
import { reference, ruledText } from '../call/scalars.js';
import { readUsage } from './usage.queries.js';

const count = z.string().describe('A whole number of up to 64 bits.');
const day = ruledText((text) =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && isCalendarDay(text) ? undefined : 'must be a day like 2026-11-21',
);

/** JavaScript reads 31 February as 3 March. */
function isCalendarDay(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

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
