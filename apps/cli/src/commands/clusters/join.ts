import { Option } from 'commander';
import { defineCommand } from '../../command.js';
import { listAll } from '../../client/pages.js';
import { path } from '../../client/path.js';
import type { ClusterView } from '../../client/cluster.types.js';
import { INTERRUPTED_EXIT, interrupted } from '../../exit.js';
import type { Tow } from '../../tow.js';

interface JoinFlags {
  token?: string;
  hub: string;
  data?: string;
  blobs: string;
  kubeconfig?: string;
  provider?: string;
  region?: string;
  zone?: string;
}

/** `tow clusters join NAME`: runs the agent of a cluster on this machine, beside a kubeconfig or the local runtime. */
export const clustersJoin = defineCommand<[string], JoinFlags>({
  calls: ['GET /v1/clusters', 'POST /v1/clusters', 'POST /v1/clusters/{cluster}/join-tokens'],
  declare(command) {
    command
      .argument('<name>', 'the cluster')
      .requiredOption('--hub <url>', 'where identity is reached')
      .requiredOption('--blobs <dir>', "the installation's folder of uploads and images")
      .option('--token <token>', 'one-time join token; without it one is made, as platform operator')
      .option('--data <dir>', "the agent's own folder (default: towpath-agent-<name> here)")
      .option('--kubeconfig <file>', 'the cluster; without it the local runtime')
      .addOption(new Option('--provider <provider>', 'of a new cluster: who hosts it').conflicts('token'))
      .addOption(new Option('--region <region>', 'of a new cluster: where it is').conflicts('token'))
      .addOption(new Option('--zone <zone>', 'of a new cluster: where in the region').conflicts('token'));
  },
  async run(tow, [name], flags) {
    const token = flags.token ?? (await makeToken(tow, name, flags));
    const { hub, blobs, kubeconfig, data = `towpath-agent-${name}` } = flags;
    const words = ['--name', name, '--hub', hub, '--data', data, '--blobs', blobs];
    const where = kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig];
    const exit = await tow.io.runTool('join', [...words, ...where], { TOW_JOIN_TOKEN: token });
    if (exit === INTERRUPTED_EXIT) throw interrupted('Interrupted.');
    return exit;
  },
});

/** As the operator who is logged in: makes the cluster unless it is there. A cluster that has joined keeps its agent. */
async function makeToken(tow: Tow, name: string, flags: JoinFlags): Promise<string> {
  const client = await tow.client();
  const known = await listAll<ClusterView>(client, '/v1/clusters', {});
  const { provider, region, zone, kubeconfig } = flags;
  const runtime = kubeconfig === undefined ? 'local' : 'knative';
  const cluster =
    known.find((one) => one.name === name) ??
    (await client.post<ClusterView>('/v1/clusters', { name, runtime, provider, region, zone }));
  if (cluster.joinedAt !== undefined) return '';
  return (await client.post<{ token: string }>(path`/v1/clusters/${cluster.id}/join-tokens`, {})).token;
}
