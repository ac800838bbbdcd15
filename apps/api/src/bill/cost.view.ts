import { z } from 'zod';

export const amount = z.string().describe('An exact decimal.');

/** Where something ran. */
export const place = {
  projectId: z.string(),
  project: z.string().optional(),
  serviceId: z.string(),
  service: z.string().optional(),
  revisionId: z.string().optional(),
  revision: z.string().optional(),
};

/** The same of something stored: what is not known is left out. */
export function placeOf({
  projectId,
  project,
  serviceId,
  service,
  revisionId,
  revision,
}: {
  projectId: string;
  project?: string;
  serviceId: string;
  service?: string;
  revisionId?: string;
  revision?: string;
}) {
  return {
    ...{ projectId, serviceId },
    ...(project === undefined ? {} : { project }),
    ...(service === undefined ? {} : { service }),
    ...(revisionId === undefined ? {} : { revisionId }),
    ...(revision === undefined ? {} : { revision }),
  };
}

const costLineView = z
  .object({
    plan: z.string(),
    version: z.int(),
    item: z.string(),
    quantity: amount,
    unit: z.string(),
    rate: amount,
    currency: z.string(),
    amount,
  })
  .meta({ id: 'CostLine', description: 'What a request costs by one price item, at list price.' });

const namedAdjustmentView = z
  .object({
    month: z.string(),
    plan: z.string(),
    version: z.int(),
    item: z.string(),
    kind: z.enum(['grant', 'tiers', 'discount', 'rounding']).meta({ id: 'NamedAdjustmentKind' }),
    id: z.string(),
    amount,
  })
  .meta({
    id: 'NamedAdjustment',
    description: 'What lies between list price and what is asked for a line of the bill.',
  });

/** Of a request that waited for a first instance. */
export const BILLED_FROM =
  'When its revision had a ready instance: the price plan leaves out that it waited for one. Else absent.';

export const requestCostView = z
  .object({
    id: z.string(),
    ...place,
    start: z.string(),
    end: z.string().describe('Of a stream that goes on: of its last report.'),
    ended: z.boolean(),
    status: z.int(),
    billable: z.boolean(),
    notBillableReason: z.string().optional(),
    provisional: z.boolean().describe('Late records may change it until its hour is closed.'),
    billedFrom: z.string().optional().describe(BILLED_FROM),
    opened: z
      .array(z.string())
      .describe('When it opened blocks: it bears each whole, requests that share one bear nothing.'),
    lines: z.array(costLineView),
    totals: z
      .array(z.object({ currency: z.string(), amount }).meta({ id: 'CostTotal' }))
      .describe('Exact, at list price.'),
    adjustments: z
      .array(namedAdjustmentView)
      .describe(
        'Of the whole lines of the bill that it has a part in, as they stand now: with what all requests cost they come to what is asked.',
      ),
  })
  .meta({ id: 'RequestCost', description: 'What one request costs.' });
