import { z } from 'zod';
import { count, id } from './message.parts.js';

/** One instance, as long as its agent has seen it run; the longest of one (cluster, instance, start) is true. */
export const instanceIntervalSchema = z.object({
  clusterId: id('cls'),
  organizationId: id('org'),
  serviceId: id('svc'),
  revisionId: id('rev'),
  instanceId: z.string(),
  startMs: count,
  untilMs: count,
  ended: z.boolean(),
  cold: z.object({ sinceMs: count, readyMs: count, offsetMs: z.int().exactOptional() }).exactOptional(),
});
/** As many go into one message at most: it stays below NATS' 1 MiB. */
export const INTERVALS_PER_MESSAGE = 500;
/** Body of instances.<cluster id>. */
export const instanceBatchSchema = z.object({
  schemaVersion: z.literal(1),
  intervals: z.array(instanceIntervalSchema),
});
