/** What a gateway asks billing of an organization that has a cap. Money is whole numbers of 10^-12 of the currency. */
import { z } from 'zod';
import { count, id } from './message.parts.js';

const money = z.string().regex(/^\d{1,24}$/);
/** Positions of records, by who noted them. */
const records = z.array(z.object({ producer: id('spl'), positions: z.array(count) }));

export const CAP_ASK = {
  request: z.object({
    schemaVersion: z.literal(1),
    gatewayId: id('gw'),
    /** The gateway's process: another one at every start. */
    incarnation: z.string().max(40),
    /** How many times it has asked; what comes late is answered and changes nothing. */
    asked: count,
    /** How long ago (ms) Envoy said that it has nothing any more that a former process gave it; absent: not yet. */
    aloneMs: count.exactOptional(),
    organizationId: id('org'),
    /** What it may spend and does not give back. */
    keep: money,
    /** What the requests that wait cost at most. */
    need: money,
    /** What it would like beyond that. */
    slack: money,
    /** Revisions that it must know the price of. */
    revisions: z.array(id('rev')),
    /** Records that its claim holds until the bill says them. */
    records,
  }),
  answer: z.object({
    /** Absent: the organization has no cap. */
    standing: z
      .object({
        cap: z.string(),
        currency: z.string(),
        spent: z.string(),
        reserved: z.string(),
        resetsAt: count,
      })
      .exactOptional(),
    /** What it may spend now in all. */
    allowance: money,
    prices: z.array(z.object({ revisionId: id('rev'), block: money, request: money })),
    /** Those of the records that the bill says. */
    said: records,
  }),
};

export type CapRequest = z.infer<(typeof CAP_ASK)['request']>;
export type CapAnswer = z.infer<(typeof CAP_ASK)['answer']>;
