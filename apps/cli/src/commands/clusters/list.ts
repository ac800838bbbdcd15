import type { ClusterView } from '../../client/cluster.types.js';
import { listCommand } from '../../list.command.js';
import { shortTime } from '../../output/time.js';

/** `tow clusters list` (platform operator) */
export const clustersList = listCommand<ClusterView>({
  calls: ['GET /v1/clusters'],
  address: () => Promise.resolve('/v1/clusters'),
  columns: {
    ID: (cluster) => cluster.id,
    NAME: (cluster) => cluster.name,
    STATE: (cluster) => cluster.conditions.find(({ status }) => status !== 'true')?.reason ?? 'Ready',
    RUNTIME: (cluster) => cluster.runtime,
    PROVIDER: (cluster) => cluster.provider,
    REGION: (cluster) => cluster.region,
    ZONE: (cluster) => cluster.zone,
    JOINED: (cluster) => shortTime(cluster.joinedAt),
    'LAST SEEN': (cluster) => shortTime(cluster.lastSeenAt),
  },
  nothing: 'No cluster yet. Make one: tow clusters create NAME --runtime knative',
});
