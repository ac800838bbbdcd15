import { ROUTES_BUCKET, decode, gatewayConsumer, kvStream, resyncSubject, routeSchema } from '#libs/bus';
import type { Bus, FollowedMessage, Follower } from '#libs/bus';
import type { Id } from '#libs/domain';
import type { Health, Logger } from '#libs/process';
import type { RouteTable } from './route.table.js';

interface Parts {
  bus: Bus;
  gatewayId: Id<'gw'>;
  table: RouteTable;
  logger: Logger;
  health: Health;
  /** The sequence moved, with or without a change for Envoy. */
  moved: () => void;
}

/** Follows the routes bucket into the table, and asks the hub once to project everything again. */
export function followRoutes({ bus, gatewayId, table, logger, health, moved }: Parts): Follower {
  const trouble = (error: unknown): void => {
    logger.warn({ err: error }, 'routes do not come');
    health.set('routes', false, 'Routes do not come from the hub; the last ones are served.');
  };
  const handle = async (message: FollowedMessage): Promise<void> => {
    // A first delivery with a lower sequence: the bucket (or the consumer) was made anew.
    if (message.deliveries === 1 && message.sequence < table.received) table.startOver();
    await takeRoute(message, table, logger);
    moved();
  };
  health.set('routes', true);
  const follower = bus.follow(kvStream(ROUTES_BUCKET), gatewayConsumer(gatewayId), handle, {
    batch: 256,
    onTrouble: trouble,
    onCalm: () => health.set('routes', true),
  });
  bus.nc.publish(resyncSubject(gatewayId));
  return follower;
}

async function takeRoute(message: FollowedMessage, table: RouteTable, logger: Logger): Promise<void> {
  if (message.deleted) {
    table.handled(message.sequence);
    return;
  }
  try {
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
