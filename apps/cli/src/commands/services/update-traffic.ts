import { Option } from 'commander';
import { defineCommand } from '../../command.js';
import type { OperationView } from '../../client/wire.types.js';
import { usageError } from '../../exit.js';
import { listOf } from '../../flags/pairs.js';
import { changedTraffic, parsePercents, parseTags, type TrafficFlags } from '../../flags/traffic.flags.js';
import { changeFromState, getService } from '../../service/change.js';
import { finishTraffic } from '../../service/traffic.js';

interface UpdateTrafficFlags extends TrafficFlags {
  async?: boolean;
}

/** `tow services update-traffic`: a split and tags; makes no revision. */
export const servicesUpdateTraffic = defineCommand<[string], UpdateTrafficFlags>({
  calls: [
    'GET /v1/projects/{project}/services/{service}',
    'PUT /v1/projects/{project}/services/{service}/traffic',
    'GET /v1/projects/{project}/services/{service}/traffic',
    'GET /v1/operations/{operation}/events',
    'GET /v1/operations/{operation}',
  ],
  declare(command) {
    command
      .argument('<name>', 'the service')
      .addOption(
        new Option(
          '--to-revisions <revision=percent,…>',
          'percents; below 100 the rest keeps its proportions',
        )
          .argParser(parsePercents)
          .conflicts('toLatest'),
      )
      .option('--to-latest', 'everything to the newest ready revision, also of later deploys')
      .addOption(
        new Option('--set-tags <tag=revision,…>', 'replace all tags')
          .argParser(parseTags('--set-tags'))
          .conflicts(['updateTags', 'removeTags', 'clearTags']),
      )
      .option('--update-tags <tag=revision,…>', 'add or move tags', parseTags('--update-tags'))
      .option('--remove-tags <tag,…>', 'remove tags', listOf('--remove-tags'))
      .option('--clear-tags', 'remove all tags')
      .option('--async', 'do not wait for the operation')
      .addHelpText('after', '\nLATEST stands for the newest ready revision.');
  },
  async run(tow, [name], { async, ...flags }) {
    if (Object.keys(flags).length === 0) {
      throw usageError(
        'update-traffic needs a change.',
        'For example --to-latest or --to-revisions NAME=100',
      );
    }
    const client = await tow.client();
    const address = `${await tow.servicePath(name)}/traffic`;
    const operation = await changeFromState(tow, name, await getService(tow, name), (known) => {
      const traffic = changedTraffic(known.traffic, flags);
      return client.put<OperationView>(address, { traffic, version: known.version });
    });
    return finishTraffic(tow, operation, async);
  },
});
