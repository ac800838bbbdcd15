import type { Command } from 'commander';
import { listAll } from '../../client/pages.js';
import { path } from '../../client/path.js';
import type { DeliveryView } from '../../client/webhook.types.js';
import { defineCommand } from '../../command.js';
import { wholeNumber } from '../../flags/quantity.js';
import { shortTime } from '../../output/time.js';

/** `tow webhooks deliveries ID`: newest first. */
export const webhooksDeliveries = defineCommand<[string], { limit: number }>({
  calls: ['GET /v1/webhooks/{webhook}/deliveries'],
  declare(command: Command) {
    command
      .argument('<id>', 'the webhook')
      .option('--limit <n>', 'print so many at most', wholeNumber('--limit'), 50);
  },
  async run(tow, [id], { limit }) {
    const address = path`/v1/webhooks/${id}/deliveries`;
    const rows = await listAll<DeliveryView>(await tow.client(), address, {}, limit);
    tow.out.list(rows, columns, 'Nothing was sent yet.');
    return undefined;
  },
});

const columns = {
  NOTICE: (one: DeliveryView) => one.noticeId,
  TYPE: (one: DeliveryView) => one.type,
  STATUS: (one: DeliveryView) => one.status,
  ATTEMPTS: (one: DeliveryView) => one.attempts,
  LAST: (one: DeliveryView) => one.lastResult,
  'ENDED OR NEXT': (one: DeliveryView) => shortTime(one.at),
};
