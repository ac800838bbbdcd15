import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { ClusterView, GpuSupplyView } from '../../client/cluster.types.js';
import { fieldsOf, tableOf, type Columns } from '../../output/table.js';
import { CONDITION_COLUMNS } from '../../service/show.js';

/** `tow clusters describe NAME` (platform operator) */
export const clustersDescribe = defineCommand<[string], object>({
  calls: ['GET /v1/clusters/{cluster}'],
  declare(command) {
    command.argument('<cluster>', 'its name or id');
  },
  async run(tow, [id]) {
    const cluster = await (await tow.client()).get<ClusterView>(path`/v1/clusters/${id}`);
    if (tow.out.json) {
      tow.out.value(cluster);
      return undefined;
    }
    const fields = {
      Id: cluster.id,
      Name: cluster.name,
      Runtime: cluster.runtime,
      Provider: cluster.provider,
      Region: cluster.region,
      Zone: cluster.zone,
      Joined: cluster.joinedAt,
      'Last seen': cluster.lastSeenAt,
      Cordoned: cluster.cordonedAt,
      GPUs: gpusOf(cluster),
      Clock: clockOf(cluster),
    };
    const { gpuSupply = [], conditions } = cluster;
    const supply = gpuSupply.length === 0 ? [] : ['', ...tableOf(gpuSupply, SUPPLY_COLUMNS)];
    tow.out.lines([...fieldsOf(fields), ...supply, '', ...tableOf(conditions, CONDITION_COLUMNS)]);
    return undefined;
  },
});

const SUPPLY_COLUMNS: Columns<GpuSupplyView> = {
  'GPU CLASS': ({ gpuClass }) => gpuClass,
  NODES: ({ nodes }) => nodes,
  'ON ONE': ({ perNode }) => perNode,
  GPUS: ({ total }) => total,
  TAKEN: ({ taken }) => taken,
  FREE: ({ free }) => free,
  'FREE ON ONE': ({ freePerNode }) => freePerNode,
};

const clockOf = ({ clockOffsetMs: ms }: ClusterView): string | undefined =>
  ms === undefined ? undefined : `${Math.abs(ms)} ms ${ms < 0 ? 'behind' : 'ahead of'} the hub`;

// a hub of the release before does not say them
const gpusOf = ({ gpus = [] }: ClusterView): string | undefined =>
  gpus.length === 0
    ? undefined
    : gpus.map(({ product = 'unlabelled', count }) => `${count} ${product}`).join(', ');
