/** What replicas of the deployer ask each other. */
import { z } from 'zod';
import { id } from './message.parts.js';

/** A hub event came to a replica that does not hold the service's partition: the one that does looks at the service. */
export const LOOK_ASK = {
  request: z.object({ schemaVersion: z.literal(1), serviceId: id('svc') }),
  answer: z.object({}),
};
