/** What an agent asks billing, to learn by how much its clock differs from the hub's. UTC ms. */
import { z } from 'zod';
import { count } from './message.parts.js';

export const CLOCK_ASK = {
  request: z.object({ schemaVersion: z.literal(1) }),
  answer: z.object({ receivedAt: count, answeredAt: count }),
};

export type ClockAnswer = z.infer<(typeof CLOCK_ASK)['answer']>;
