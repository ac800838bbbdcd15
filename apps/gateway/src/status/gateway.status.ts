import { GATEWAYS_BUCKET, gatewayStatusSchema } from '#libs/bus';
import type { Bus } from '#libs/bus';
import type { Clock, Id } from '#libs/domain';
import { Loop } from '#libs/process';
import type { Logger } from '#libs/process';
import type { RouteTable } from '../routes/route.table.js';

const EVERY_MS = 5_000;

interface Parts {
  bus: Bus;
  gatewayId: Id<'gw'>;
  region: string;
  table: RouteTable;
  clock: Clock;
  logger: Logger;
}

/** Says every 5 s, and at once after Envoy took or refused something (wake), how far this gateway is. */
export function reportStatus({ bus, gatewayId, region, table, clock, logger }: Parts): Loop {
  return new Loop(
    'gateway status',
    EVERY_MS,
    async () => {
      const status = {
        schemaVersion: 1 as const,
        gatewayId,
        region,
        acknowledged: table.acknowledged(),
        mark: table.mark,
        rejected: table.rejected(),
        sentAt: clock.now(),
      };
      await bus.putKey(GATEWAYS_BUCKET, gatewayId, gatewayStatusSchema, status);
    },
    logger,
  );
}
