import { defineCommand } from '../../command.js';
import { listAll } from '../../client/pages.js';
import type { TrafficChangeView } from '../../client/wire.types.js';
import { wholeNumber } from '../../flags/quantity.js';
import { shortTime } from '../../output/time.js';
import { trafficText } from '../../service/traffic.js';

/** `tow services traffic-history`: who changed the split, from what to what. */
export const servicesTrafficHistory = defineCommand<[string], { limit?: number }>({
  calls: ['GET /v1/projects/{project}/services/{service}/traffic/changes'],
  declare(command) {
    command
      .argument('<name>', 'the service')
      .option('--limit <n>', 'print so many at most', wholeNumber('--limit'));
  },
  async run(tow, [name], { limit }) {
    const address = `${await tow.servicePath(name)}/traffic/changes`;
    const changes = await listAll<TrafficChangeView>(await tow.client(), address, {}, limit);
    tow.out.list(
      changes,
      {
        NUMBER: (change) => change.number,
        TIME: (change) => shortTime(change.createdAt),
        ACTOR: (change) => change.actor,
        FROM: (change) => trafficText(change.from),
        TO: (change) => trafficText(change.to),
      },
      'The traffic was never changed.',
    );
    return undefined;
  },
});
