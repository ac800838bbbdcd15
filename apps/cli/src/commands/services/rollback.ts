import { defineCommand } from '../../command.js';
import type { OperationView } from '../../client/wire.types.js';
import { wholeNumber } from '../../flags/quantity.js';
import { finishTraffic } from '../../service/traffic.js';

/** `tow services rollback`: a former split again. */
export const servicesRollback = defineCommand<[string], { to?: number; async?: boolean }>({
  calls: [
    'POST /v1/projects/{project}/services/{service}/rollback',
    'GET /v1/projects/{project}/services/{service}/traffic',
    'GET /v1/operations/{operation}/events',
    'GET /v1/operations/{operation}',
  ],
  declare(command) {
    command
      .argument('<name>', 'the service')
      .option('--to <number>', 'the split that this change of traffic-history made', wholeNumber('--to'))
      .option('--async', 'do not wait for the operation');
  },
  async run(tow, [name], { to, async }) {
    const address = `${await tow.servicePath(name)}/rollback`;
    const operation = await (await tow.client()).post<OperationView>(address, to === undefined ? {} : { to });
    return finishTraffic(tow, operation, async);
  },
});
