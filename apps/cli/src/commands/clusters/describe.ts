import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { ClusterView } from '../../client/wire.types.js';

/** `tow clusters describe ID` (platform operator) */
export const clustersDescribe = defineCommand<[string], object>({
  calls: ['GET /v1/clusters/{cluster}'],
  declare(command) {
    command.argument('<id>', 'the cluster');
  },
  async run(tow, [id]) {
    const cluster = await (await tow.client()).get<ClusterView>(path`/v1/clusters/${id}`);
    tow.out.thing(cluster, {
      Id: cluster.id,
      Name: cluster.name,
      Runtime: cluster.runtime,
      Provider: cluster.provider,
      Region: cluster.region,
      Zone: cluster.zone,
      Joined: cluster.joinedAt,
      'Last seen': cluster.lastSeenAt,
      Cordoned: cluster.cordonedAt,
    });
    return undefined;
  },
});
