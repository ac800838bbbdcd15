/** What the api asks identity about callers of private services. */
import { z } from 'zod';
import { count, id } from './message.parts.js';

/** Identity answers on `identity.caller-token`. Whether the subject may call the service is the api's to know. */
export const CALLER_TOKEN_ASK = {
  request: z.object({
    schemaVersion: z.literal(1),
    subject: z.union([id('key'), id('usr')]),
    audience: z.string(),
    lifetimeSeconds: count,
  }),
  answer: z.object({ token: z.string(), expiresAt: count }),
};
