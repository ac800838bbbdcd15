import { Option } from 'commander';
import { defineCommand } from '../../command.js';
import type { ClusterView } from '../../client/cluster.types.js';

interface ClusterFlags {
  runtime: 'knative' | 'local';
  provider?: string;
  region?: string;
  zone?: string;
}

/** `tow clusters create NAME` (platform operator): prints the id; an agent joins with a join token. */
export const clustersCreate = defineCommand<[string], ClusterFlags>({
  calls: ['POST /v1/clusters'],
  declare(command) {
    command
      .argument('<name>', 'the cluster')
      .addOption(
        new Option('--runtime <runtime>', 'what runs there').choices(['knative', 'local']).default('knative'),
      )
      .option('--provider <provider>', 'who hosts it')
      .option('--region <region>', 'where it is')
      .option('--zone <zone>', 'where in the region');
  },
  async run(tow, [name], { runtime, provider, region, zone }) {
    const body = { name, runtime, provider, region, zone };
    const cluster = await (await tow.client()).post<ClusterView>('/v1/clusters', body);
    tow.out.talk(`Made cluster ${cluster.name}. Next: tow clusters join-token ${cluster.id}`);
    tow.out.line(cluster, cluster.id);
    return undefined;
  },
});
