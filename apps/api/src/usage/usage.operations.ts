import { z } from 'zod';
import { defineQuery } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { reference, ruledText } from '../call/scalars.js';
import { listRecords, readUsage } from './usage.queries.js';

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

const recordView = z
  .object({
    id: z.string().describe('Identity of the record: its spool and the position in it.'),
    streamId: z.string().describe('Id of the stream in the gateway; parts of a long stream share it.'),
    part: z.int(),
    last: z.boolean(),
    revisionId: z.string().optional(),
    revision: z.string().optional(),
    start: z.string(),
    end: z.string(),
    status: z.int().describe('HTTP status as answered; 0 when the client left first.'),
    reached: z.boolean().describe('Whether it reached an instance; only then it may be billable.'),
    billable: z.boolean(),
    notBillableReason: z.string().optional(),
    requestBytes: count,
    responseBytes: count,
  })
  .meta({
    id: 'UsageRecord',
    description: 'One request (or one part of a long stream) as the gateway metered it.',
  });

const span = {
  from: day.optional().describe('First day.'),
  to: day.optional().describe('Last day.'),
};

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
      ...span,
    }),
    output: z.object({ items: z.array(usageView) }).meta({ id: 'Usage' }),
    handler: readUsage,
  }),
  definePage({
    name: 'usage.records',
    permission: 'usage.read',
    rest: {
      method: 'GET',
      path: '/v1/projects/{project}/services/{service}/usage-records',
      status: 200,
    },
    graphql: 'usageRecords',
    summary: 'What the usage of a service is counted from, by start; this month when nothing else is said.',
    input: z.strictObject({
      project: reference('Handle or id of the project.'),
      service: reference('Name or id of the service.'),
      ...span,
    }),
    item: recordView,
    key: 'id',
    handler: listRecords,
  }),
];
