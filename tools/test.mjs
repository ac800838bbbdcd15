/**
 * `npm test`: everything that can be tested without root.
 * `npm test -- --only <stage>[,<stage> …] [pattern …]` runs these: format lint types rules supply unit contracts integration stories crashes
 * ledger replicas fleet disks upgrade.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MIXES, areOf, buildRelease, lastRelease, releasesOf } from './previous.mjs';
import { CHECKS, Stages, contractStage } from './stages.mjs';
import { filesBelow, inRoot } from './stamp.mjs';
import { mountDisks } from './disks.mjs';
import { checkRestart, startStoryPlatform } from './story-platform.mjs';
import { startTestServers } from './test-servers.mjs';

const ALL = [
  'format',
  'lint',
  'types',
  'rules',
  'supply',
  'unit',
  'contracts',
  'integration',
  'stories',
  'crashes',
  'ledger',
  'replicas',
  'fleet',
  'disks',
  'upgrade',
];

const { only, patterns } = readArguments(process.argv.slice(2));
const temporaryDir = mkdtempSync(path.join(tmpdir(), 'towpath-'));
// as root, PostgreSQL runs as another user, who must be able to pass
chmodSync(temporaryDir, 0o711);
const stages = new Stages(temporaryDir);
const stops = [];

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => stages.interrupt());
}

try {
  await inOrder([fast, unit, contracts, integration]);
  // mostly waiting, each on platforms of its own; all end at about the same time
  const lanes = await Promise.allSettled([
    inOrder([crashes]),
    inOrder([ledger, replicas]),
    inOrder([stories, disks, fleet, upgrade]),
  ]);
  for (const { reason } of lanes) if (reason !== undefined) throw reason;
} finally {
  await Promise.allSettled(stops.map((stop) => stop()));
  rmSync(temporaryDir, { recursive: true, force: true });
}
const code = stages.summarize();
process.exit(stages.interrupted ? 130 : code);

async function inOrder(work) {
  for (const stage of work) if (!stages.interrupted) await stage();
}

function readArguments(args) {
  if (args[0] !== '--only') return { only: ALL, patterns: args };
  const [, named = '', ...rest] = args;
  const only = named.split(',');
  if (only.every((stage) => ALL.includes(stage))) return { only, patterns: rest };
  console.error(`--only wants some of, with commas: ${ALL.join(' ')}`);
  process.exit(2);
}

async function fast() {
  await stages.checkAll(CHECKS.filter(({ name }) => only.includes(name)));
}

async function unit() {
  if (only.includes('unit')) await stages.jest('unit', { patterns });
}

async function contracts() {
  if (only.includes('contracts')) await stages.checkAll(contractStage());
}

async function integration() {
  if (!only.includes('integration')) return;
  await stages.guard('servers', async () => {
    const servers = await startTestServers(path.join(temporaryDir, 'servers'));
    stops.push(servers.stop);
    await stages.check({ name: 'drift', args: ['tools/drift.mjs', servers.templateUrl] });
    await stages.jest('integration', { patterns, env: servers.env });
    await servers.stop();
  });
}

async function stories() {
  if (!only.includes('stories') || filesBelow(inRoot('e2e/stories'), '.story.ts').length === 0) return;
  if (!existsSync(inRoot('dist/apps/api/src/main.js'))) return;
  await stages.guard('platform', async () => {
    const dir = path.join(temporaryDir, 'platform');
    const platform = await startStoryPlatform(dir);
    stops.push(platform.stop);
    // one after the other: each looks at a whole machine
    await stages.jest('stories', { patterns, env: platform.env, workers: 1 });
    await stages.pass('stop', () => platform.stop());
    await stages.pass('restart', () => checkRestart(dir));
  });
}

/** On a platform of their own: what they leave behind is judged by them. */
async function crashes() {
  if (only.includes('crashes')) await onOwnPlatform('crashes');
}

/** Processes of their own, and the hub's time, which they move. */
async function ledger() {
  if (only.includes('ledger') && existsSync(inRoot('dist/apps/api/src/main.js')))
    await stages.jest('ledger', { patterns, workers: 1 });
}

/** Two of every hub process, two gateways. */
async function replicas() {
  if (only.includes('replicas')) await onOwnPlatform('replicas', ['--replicas', '2']);
}

/** Four local clusters, each with an agent and a region of its own; one of them is emptied and removed. */
async function fleet() {
  if (only.includes('fleet')) await onOwnPlatform('fleet', ['--clusters', '4']);
}

async function disks() {
  if (!only.includes('disks')) return;
  const unmount = mountDisks(path.join(temporaryDir, 'disks'));
  if (unmount === undefined) return console.log('disks are skipped: only root can mount small file systems');
  try {
    await onOwnPlatform('disks');
  } finally {
    unmount();
  }
}

async function onOwnPlatform(name, args = []) {
  if (!existsSync(inRoot('dist/apps/api/src/main.js'))) return;
  await stages.guard('platform', async () => {
    const faults = path.join(temporaryDir, `${name}-faults`);
    mkdirSync(faults, { recursive: true });
    const env = { TOWPATH_FAULTS_DIR: faults };
    const platform = await startStoryPlatform(path.join(temporaryDir, name), env, args);
    try {
      // one after the other: each looks at a whole platform
      await stages.jest(name, { patterns, env: { ...platform.env, ...env }, workers: 1 });
    } finally {
      if (stages.interrupted) await platform.stop();
      else await stages.pass('stop', () => platform.stop());
    }
  });
}

/**
 * Neighbouring releases: an agent and a gateway of the release before at a hub of this version; those of this
 * version at a hub of the release before, on the schema of this version (a hub taken back); an installation of the release before, its schema
 * too, that this version takes over.
 */
async function upgrade() {
  if (!only.includes('upgrade') || !existsSync(inRoot('dist/apps/api/src/main.js'))) return;
  const previous = path.join(temporaryDir, 'previous');
  await stages.guard('previous', () => buildRelease(lastRelease(), previous));
  const storiesOf = (folder, title, mix, project, defaults) =>
    stages.guard(title, async () => {
      const dir = path.join(temporaryDir, folder);
      const platform = await startStoryPlatform(dir, releasesOf(mix, previous));
      stops.push(platform.stop);
      await stages.pass(title, () => areOf(mix, previous, dir));
      const asked = project === 'stories' && patterns.length > 0 ? patterns : defaults;
      await stages.jest(project, {
        title: folder,
        patterns: asked,
        env: platform.env,
        workers: 1,
      });
      await stages.pass('stop', () => platform.stop());
    });
  const { members, hub } = MIXES;
  const stories = ['02-revisions', '03-traffic', '08-metering', '09-delete'];
  await storiesOf('upgrade-members', 'members of the release before', members, 'stories', stories);
  await storiesOf('upgrade-hub', 'hub of the release before', hub, 'upgrade', ['3-neighbours']);
  const everything = [...members, ...hub, 'migrations'];
  await storiesOf('upgrade-taken', 'all of the release before', everything, 'upgrade', ['1-before']);
  await storiesOf('upgrade-taken', 'all of this version', [], 'upgrade', ['2-after']);
}
