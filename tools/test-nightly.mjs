/**
 * `npm run test:nightly`: what takes too long for each commit. On real clusters: parts of a platform that stand still for ten
 * minutes, and what is of this run only (e2e/nightly); then every story on the Knative release before.
 */
import { version } from './clusters.mjs';
import { inRoot } from './stamp.mjs';
import { runNode } from './stages.mjs';

const MINUTES = 90;
/** Of clusters whose parts are built, on a machine that has nothing else to do. */
const UP_SECONDS = 45;
const RUNS = [
  { patterns: ['e2e/cluster/parts'], env: { TOWPATH_STILL_SECONDS: '600' } },
  { patterns: ['e2e/nightly'] },
  { patterns: ['--knative', version('KNATIVE_BEFORE')] },
];

let failed = 0;
for (const { patterns, env = {} } of RUNS) {
  const { code } = await runNode([inRoot('tools/test-cluster.mjs'), ...patterns], {
    env: {
      TOWPATH_CLUSTER_MINUTES: String(MINUTES - 10),
      TOWPATH_CLUSTER_UP_SECONDS: String(UP_SECONDS),
      ...env,
    },
    // building has as long again
    minutes: 3 * MINUTES,
  });
  if (code > 128) process.exit(code);
  if (code !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
