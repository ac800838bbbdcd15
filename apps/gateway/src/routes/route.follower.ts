import {
  CALLER_KEYS_KEY,
  ROUTES_BUCKET,
  ROUTES_MARK_KEY,
  decode,
  gatewayConsumer,
  hostOfRoute,
  kvStream,
  kvSubject,
  routeSchema,
  routesMarkSchema,
} from '#libs/bus';
import type { CallerKeys } from '../callers/caller.keys.js';
import type { Bus, FollowedMessage, Follower } from '#libs/bus';
import type { Id } from '#libs/domain';
import type { Health, Logger } from '#libs/process';
import type { RouteTable } from './route.table.js';

interface Parts {
  bus: Bus;
  gatewayId: Id<'gw'>;
  table: RouteTable;
  callerKeys: CallerKeys;
  logger: Logger;
  health: Health;
  /** The sequence moved, with or without a change for Envoy. */
  moved: () => void;
}

const KEYS_SUBJECT = kvSubject(ROUTES_BUCKET, CALLER_KEYS_KEY);
const MARK_SUBJECT = kvSubject(ROUTES_BUCKET, ROUTES_MARK_KEY);

/** Follows the routes bucket into the table. */
export function followRoutes(parts: Parts): Follower {
  const { bus, gatewayId, table, logger, health, moved } = parts;
  const trouble = (error: unknown): void => {
    logger.warn({ err: error }, 'routes do not come');
    health.set('routes', false, 'Routes do not come from the hub; the last ones are served.');
  };
  const handle = async (message: FollowedMessage): Promise<void> => {
    // A first delivery with a lower sequence: the bucket (or the consumer) was made anew.
    if (message.deliveries === 1 && message.sequence < table.received) table.startOver();
    await take(message, parts);
    moved();
  };
  health.set('routes', true);
  const follower = bus.follow(kvStream(ROUTES_BUCKET), gatewayConsumer(gatewayId), handle, {
    batch: 256,
    onTrouble: trouble,
    onCalm: () => health.set('routes', true),
  });
  return follower;
}

const hostOf = (subject: string): string => hostOfRoute(subject.slice(kvSubject(ROUTES_BUCKET, '').length));

async function take(message: FollowedMessage, { table, callerKeys, logger }: Parts): Promise<void> {
  if (message.deleted) {
    await table.forget(hostOf(message.subject), message.sequence);
    return;
  }
  try {
    if (message.subject === KEYS_SUBJECT) {
      callerKeys.take(message.data);
      table.handled(message.sequence);
      return;
    }
    if (message.subject === MARK_SUBJECT) {
      await table.counts(decode(routesMarkSchema, message.data).id);
      table.handled(message.sequence);
      return;
    }
    await table.accept(decode(routeSchema, message.data), message.sequence);
  } catch (error) {
    // Asking for it again would not mend it; a newer version of the host will.
    if ((error as { code?: string }).code !== 'INVALID_ARGUMENT') throw error;
    logger.error(
      { err: error, subject: message.subject, sequence: message.sequence },
      'not a route, passed over',
    );
    table.handled(message.sequence);
  }
}
