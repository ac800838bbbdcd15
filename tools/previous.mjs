/** The release before this one, built beside the checkout, and platforms that are of both: what was upgraded first, and what was not yet. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { Obstacle, commandLine } from './children.mjs';
import { nodeBinary } from './setup.mjs';
import { ROOT, inRoot } from './stamp.mjs';

/** What of a platform is of the release before, while the rest is of this version. */
export const MIXES = { members: ['agent', 'gateway'], hub: ['identity', 'deployer', 'billing', 'api'] };

/** What `startStoryPlatform` is told to run `names` from the folder that `buildRelease` made. */
export const releasesOf = (names, folder) => ({
  TOWPATH_TEST_RELEASES: names.map((name) => `${name}=${folder}`).join(),
});

/** @throws Error when another process than `names` of the platform in `dir` runs from that folder, or one of them does not */
export function areOf(names, folder, dir) {
  const { pids } = JSON.parse(readFileSync(path.join(dir, 'run.json'), 'utf8'));
  const others = Object.entries(pids).filter(
    ([name, pid]) => commandLine(pid).includes(`${folder}/`) !== names.includes(name),
  );
  if (others.length > 0)
    throw new Error(
      `these are not of the release they should be: ${others.map(([name]) => name).join(', ')}`,
    );
}

/** The newest release whose contracts were kept. */
export function lastRelease() {
  const versions = readdirSync(inRoot('contracts/golden')).sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
  return JSON.parse(readFileSync(inRoot('contracts/golden', versions.at(-1), 'release.json'), 'utf8'));
}

/**
 * Takes its source out of the checkout's history and compiles it in `dir`, with the packages of this version.
 * @throws Obstacle also where the history is not there (a shallow clone)
 */
export function buildRelease({ version, commit }, dir) {
  mkdirSync(dir, { recursive: true });
  const run = (command, args, options = {}) => {
    const { status, stderr, error, stdout } = spawnSync(command, args, {
      cwd: dir,
      maxBuffer: 256 * 1024 * 1024,
      ...options,
    });
    if (status === 0) return stdout;
    throw new Obstacle(
      `Release ${version} (${commit}) cannot be built, ${command} ${args[0]}: ${error?.message ?? stderr}`,
    );
  };
  const archive = run('git', ['archive', '--format=tar', commit], { cwd: ROOT });
  run('tar', ['-x'], { input: archive });
  const found = JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8')).version;
  if (found !== version) throw new Obstacle(`Commit ${commit} is not release ${version} but ${found}.`);
  if (!existsSync(path.join(dir, 'node_modules')))
    symlinkSync(inRoot('node_modules'), path.join(dir, 'node_modules'));
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', CHECKPOINT_DISABLE: '1' };
  run(nodeBinary(), ['node_modules/prisma/build/index.js', 'generate', '--no-hints'], { env });
  const swc = ['node_modules/@swc/cli/bin/swc.js', 'apps', 'libs', '-d', 'dist', '--config-file', '.swcrc'];
  run(nodeBinary(), [...swc, '--ignore', '**/*.{spec,story,rig}.ts', '--quiet']);
}
