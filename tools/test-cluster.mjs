/**
 * `npm run test:cluster [-- [--knative VERSION] pattern …]`: two lanes at the same time, each on real clusters of its own, with one
 * platform after the other: the first begins with one that holds two clusters, for the stories of losing one; whichever is free
 * takes what is next. Leaves no process, mount, namespace or file behind.
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Obstacle } from './children.mjs';
import { processesOf, refuseTraces } from './cluster-traces.mjs';
import {
  buildClusters,
  downCluster,
  interruptClusters,
  lockClusters,
  upClusters,
  version,
  whyNoClusters,
} from './clusters.mjs';
import { NAMES, agentSettings, describeClusters, kubeconfigOf, loadAgentImage } from './cluster-platform.mjs';
import { MIXES, areOf, buildRelease, lastRelease, releasesOf } from './previous.mjs';
import { Stages } from './stages.mjs';
import { inRoot } from './stamp.mjs';
import { startStoryPlatform } from './story-platform.mjs';

/** Which folder of e2e each of jest's projects is. */
const FOLDERS = {
  clusters: 'cluster/pair',
  parts: 'cluster/parts',
  inside: 'cluster/inside',
  cluster: 'cluster/stories',
  stories: 'stories',
  nightly: 'nightly',
  upgrade: 'upgrade',
};
/** What runs when nothing is named; e2e/nightly takes too long for each commit. */
const USUAL = ['e2e/cluster/', 'e2e/stories/', 'e2e/upgrade/'];
/** The agent that its stories begin themselves is a pod of the cluster: the one beside the platform has no cluster. */
const INSIDE = 'inside';
/** Of two clusters. */
const PAIR = 'clusters';
/** Of e2e/upgrade, what begins with an empty installation. */
const NEIGHBOURS = /\/3-neighbours\./;
/**
 * What runs one after the other in each lane, of any lane that is free: projects, the longest first. More lanes would not be sooner: two
 * keep both processors of such a machine busy, and with three what they wait for came late. `before`: what of its platform
 * is of the release before.
 */
const LANES = 2;
const PARTS = [
  { project: PAIR },
  { project: 'stories' },
  { project: 'cluster' },
  { project: 'parts' },
  { project: INSIDE },
  { project: 'upgrade', has: (file) => NEIGHBOURS.test(file), before: 'members' },
  { project: 'upgrade', has: (file) => NEIGHBOURS.test(file), before: 'hub' },
  { project: 'nightly' },
];

/** Knative's own, as an operator sets them: how long the last instance stays, and its controllers' leases. Stories wait for both. */
const KNATIVE_SETTINGS = [
  'config-autoscaler:scale-to-zero-grace-period=10s',
  'config-leader-election:lease-duration=25s',
  'config-leader-election:renew-deadline=20s',
  'config-leader-election:retry-period=5s',
];

/** Of the build, and of the lanes after it, minutes: a registry that does not answer, or a story that hangs, is told and ends it. */
const DEADLINE_MINUTES = Number(process.env['TOWPATH_CLUSTER_MINUTES'] ?? 60);

/** Within which clusters are up whose parts are built; a machine that has nothing else to do needs 45 s at most (npm run test:nightly). */
const UP_SECONDS = Number(process.env['TOWPATH_CLUSTER_UP_SECONDS'] ?? 150);

const why = whyNoClusters();
if (why !== undefined) {
  console.log(`skipped: ${why}`);
  process.exit(0);
}
const unlock = lockOrLeave();
const { knative, patterns } = readArguments();
const temporaryDir = mkdtempSync(path.join(tmpdir(), 'towpath-cluster-'));
// as root, PostgreSQL runs as another user, who must be able to pass
chmodSync(temporaryDir, 0o711);
const stages = new Stages(temporaryDir);
const interrupt = () => {
  stages.interrupt();
  interruptClusters();
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, interrupt);
const endLate = () =>
  setTimeout(() => {
    stages.add({ name: `ended after ${DEADLINE_MINUTES} minutes`, begin: Date.now(), passed: 0, failed: 1 });
    interrupt();
  }, DEADLINE_MINUTES * 60_000);
let deadline = endLate();
const platforms = new Set();
/** Clusters of this run that were begun. */
const taken = new Set();
/** Lanes boot their clusters one after the other: at the same time all of them would be slow, and choose the same addresses. */
let turn = Promise.resolve();
const previous = path.join(temporaryDir, 'previous');
let released;
const keep = process.env['TOWPATH_CLUSTER_KEEP'] !== undefined;
try {
  await boot();
} finally {
  clearTimeout(deadline);
  await Promise.allSettled([...platforms].map((platform) => platform.stop()));
  // also after an interruption, when no other stage begins
  if (!keep) for (const name of taken) await stages.guard('down', () => downCluster(name));
  await stages.guard('leftovers', () => refuseTraces('the run', processesOf(temporaryDir)));
  rmSync(temporaryDir, { recursive: true, force: true });
  unlock();
}
const code = stages.summarize();
process.exit(stages.interrupted ? 130 : code);

function readArguments() {
  const { values, positionals } = parseArgs({
    options: { knative: { type: 'string', default: version('KNATIVE') } },
    allowPositionals: true,
  });
  return { knative: values.knative, patterns: positionals.length > 0 ? positionals : USUAL };
}

function lockOrLeave() {
  try {
    return lockClusters();
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

/** Whatever fails is a stage that failed: what follows needs it. */
async function boot() {
  if (!(await stages.pass('build', () => buildClusters({ knative })))) return;
  clearTimeout(deadline);
  deadline = endLate();
  const waiting = PARTS.map((part) => ({ ...part, files: filesOf(part) })).filter(
    ({ files }) => files.length > 0,
  );
  const lanes = Math.min(LANES, waiting.length);
  const names = [...NAMES];
  const clustersOf = (lane) => names.splice(0, lane === 0 && waiting[0].project === PAIR ? 2 : 1);
  await Promise.all(
    Array.from({ length: lanes }, (_, lane) => runLane(clustersOf(lane), waiting.shift(), waiting)),
  );
}

/** Begins with a part and goes on with those that wait. Its clusters boot when those of the lanes before it are up. */
async function runLane(names, first, waiting) {
  let settings;
  const booted = turn.then(() =>
    stages.pass(`up ${names.join(' ')}`, async () => {
      for (const name of names) taken.add(name);
      await upInTime(names);
      settings = await agentSettings(names, temporaryDir);
    }),
  );
  turn = booted;
  if (!(await booted)) return;
  await stages.pass(`lane of ${names[0]}`, async () => {
    const kubeconfigs = names.map((name) => kubeconfigOf(name, temporaryDir));
    for (let part = first; part; part = waiting.shift()) await runPart(part, names, kubeconfigs, settings);
  });
}

/** What they are made of is there: it was built before. */
async function upInTime(names) {
  const begin = Date.now();
  await upClusters(names, { knative, settings: KNATIVE_SETTINGS });
  const seconds = (Date.now() - begin) / 1000;
  if (seconds > UP_SECONDS)
    throw new Obstacle(`${names.join(', ')}: up after ${seconds.toFixed(1)} s, not within ${UP_SECONDS} s`);
}

async function runPart(part, [first, second], kubeconfigs, settings) {
  if (part.project === PAIR) {
    // the gateway is as far from one cluster as from the other
    const both = { TOWPATH_KUBECONFIG: kubeconfigs.join(), TOWPATH_GATEWAY_REGION: 'edge' };
    await onPlatform(part, [first, second], { ...settings, ...both }, ['--clusters', '2']);
    if (!keep && (await stages.pass(`${second} down`, () => downCluster(second)))) taken.delete(second);
    return;
  }
  const isInside = part.project === INSIDE;
  if (isInside) await stages.pass('image', () => loadAgentImage(first, temporaryDir));
  const runtime = isInside ? { TOWPATH_RUNTIME: 'local' } : { TOWPATH_KUBECONFIG: kubeconfigs[0] };
  await onPlatform(part, [first], { ...settings, ...runtime });
}

/** The stories of a project, or of a part of it, that were asked for. */
function filesOf({ project, has = () => true }) {
  const folder = path.join('e2e', FOLDERS[project]);
  return readdirSync(inRoot(folder))
    .map((file) => path.join(folder, file))
    .filter((file) => has(file) && patterns.some((pattern) => new RegExp(pattern).test(file)));
}

/** A failure is a stage that failed: it never ends the other lanes, whose platforms somebody has to stop. */
async function onPlatform({ project, files, before }, names, settings, more = []) {
  if (before !== undefined && !(await releaseBefore())) return;
  if (stages.interrupted) return;
  await stages.guard('platform', async () => {
    const mix = MIXES[before] ?? [];
    const title = [project, before ?? [], ...names].flat().join('-');
    const dir = path.join(temporaryDir, title);
    const platform = await startStoryPlatform(dir, { ...settings, ...releasesOf(mix, previous) }, more);
    platforms.add(platform);
    if (before !== undefined)
      await stages.pass(`${before} of the release before`, () => areOf(mix, previous, dir));
    const file = path.join(temporaryDir, `${title}.cluster.json`);
    const env = {
      ...platform.env,
      TOWPATH_STORY_CLUSTER_FILE: describeClusters(file, names, settings),
    };
    if (!stages.interrupted)
      await stages.jest(project, { title, patterns: files, env, workers: 1, minutes: DEADLINE_MINUTES });
    await stages.pass('stop', () => platform.stop());
  });
}

/** Built once, when a lane comes to it. */
function releaseBefore() {
  released ??= stages.pass('release before', () => buildRelease(lastRelease(), previous));
  return released;
}
