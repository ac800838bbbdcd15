import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { ClusterView } from '../../client/cluster.types.js';

/** `tow clusters remove NAME` (platform operator): takes a cluster that holds nothing out of the installation. */
export const clustersRemove = defineCommand<[string], object>({
  calls: ['DELETE /v1/clusters/{cluster}'],
  declare(command) {
    command.argument('<cluster>', 'its name or id');
  },
  async run(tow, [id]) {
    const one = await (await tow.client()).delete<ClusterView>(path`/v1/clusters/${id}`);
    tow.out.talk(`Removed cluster ${one.name}. Its agent can be stopped.`);
    tow.out.line(one, one.id);
    return undefined;
  },
});
