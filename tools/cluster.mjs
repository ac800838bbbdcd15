/**
 * `npm run cluster -- <up|down|status|load-image|logs>`: real Kubernetes + Knative clusters on this machine, one set of
 * namespaces each (e2e/cluster/README.md).
 */
import { Obstacle } from './children.mjs';
import { clusterLogs, clusters, downCluster, loadImage, upClusters } from './clusters.mjs';

const USAGE = `usage: npm run cluster -- up NAME... [--knative VERSION]
       npm run cluster -- down [NAME...]            all, without a name
       npm run cluster -- status
       npm run cluster -- load-image NAME TAR...    OCI layouts in tars
       npm run cluster -- logs NAME [COMPONENT]`;

const VERBS = {
  up: ({ names, knative }) => upClusters(names, { knative }),
  down: async ({ names }) => {
    for (const name of names.length > 0 ? names : clusters().map((one) => one.name)) await downCluster(name);
  },
  status: () => {
    for (const { name, kubeconfig, knative, node, alive } of clusters())
      console.log(
        `${name}\t${alive ? 'up' : 'dead'}\tKnative ${knative}\tnode ${node}\tKUBECONFIG=${kubeconfig}`,
      );
  },
  'load-image': ({ names: [name, ...tars] }) => loadImage(name, tars),
  logs: ({ names: [name, component] }) => clusterLogs(name, component),
};

try {
  const { verb, ...rest } = readArguments(process.argv.slice(2));
  await verb(rest);
} catch (error) {
  if (!(error instanceof Obstacle)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

function readArguments([verb = '', ...args]) {
  const names = [];
  let knative;
  for (let at = 0; at < args.length; at += 1) {
    if (args[at] === '--knative') knative = args[(at += 1)];
    else names.push(args[at]);
  }
  const wantsName = verb !== 'down' && verb !== 'status';
  if (!Object.hasOwn(VERBS, verb) || (wantsName && names.length === 0)) throw new Obstacle(USAGE);
  return { verb: VERBS[verb], names, knative };
}
