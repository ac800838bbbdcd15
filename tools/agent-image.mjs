/**
 * `npm run image -- OUT.tar [NAME]`: the agent as an image, an OCI layout in a tar, without Docker: this machine's Node
 * with the C library that it is linked against, the compiled agent, and the packages that its rooms may import.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Obstacle, onPath } from './children.mjs';
import { nodeBinary } from './setup.mjs';
import { ROOT, inRoot } from './stamp.mjs';

const run = promisify(execFile);
const ROOM = 'apps/agent';
const MAIN = '/app/dist/apps/agent/src/main.js';
/** What compiled code asks for by itself. */
const ALWAYS = ['@swc/helpers'];
/** Of packages: what Node never reads. */
const IDLE = /\.(d\.[cm]?ts|map|md|markdown)$/;
const TESTS = /\.(spec|rig|story)\.js(\.map)?$/;

if (process.argv[1] === import.meta.filename) {
  const [out, name = `towpath/agent:${json(inRoot('package.json')).version}`] = process.argv.slice(2);
  try {
    if (out === undefined) throw new Obstacle('usage: npm run image -- OUT.tar [NAME]');
    await packAgent(path.resolve(process.env.INIT_CWD ?? process.cwd(), out), name);
    console.log(`${name} is in ${out}`);
  } catch (error) {
    if (!(error instanceof Obstacle)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

/** Writes the tar. @throws Obstacle where it cannot be made */
export async function packAgent(out, name) {
  for (const program of ['python3', 'ldd'])
    if (onPath(program) === undefined) throw new Obstacle(`an image is packed by ${program}: install it`);
  const staged = await mkdtemp(path.join(tmpdir(), 'towpath-image-'));
  try {
    await stage(path.join(staged, 'app'));
    const node = await executable(nodeBinary(), '/usr/local/bin/node');
    const entrypoint = ['/usr/local/bin/node', '--enable-source-maps', MAIN].join();
    const owner = ['--user', '65532', '--workdir', '/app', '--entrypoint', entrypoint];
    const program = inRoot('e2e/cluster/scripts/mkimage.py');
    await run('python3', [program, name, out, ...owner, `${staged}/app:/app`, ...node]);
  } finally {
    await rm(staged, { recursive: true });
  }
}

async function stage(app) {
  const copy = (from, filter) =>
    cp(from, path.join(app, path.relative(ROOT, from)), { recursive: true, filter });
  await copy(inRoot('package.json'));
  for (const room of roomsOfAgent()) await copy(inRoot('dist', room), (file) => !TESTS.test(file));
  for (const folder of packageFolders()) {
    const nested = path.join(folder, 'node_modules');
    await copy(folder, (file) => file !== nested && !IDLE.test(file));
  }
}

function roomsOfAgent() {
  const { rooms } = json(inRoot('architecture.json'));
  return [ROOM, ...rooms[ROOM]];
}

/** Of the packages that architecture.json gives its rooms, and of all that these need. */
function packageFolders() {
  const { packages } = json(inRoot('architecture.json'));
  const isOwn = (owner) => roomsOfAgent().some((room) => `${room}/`.startsWith(`${owner}/`));
  const found = new Set();
  const add = (name, from, isNeeded) => {
    const folder = folderOf(name, from);
    if (folder === undefined && isNeeded) throw new Obstacle(`${name} is not there: run \`npm run build\``);
    if (folder === undefined || found.has(folder)) return;
    found.add(folder);
    const { dependencies = {}, ...rest } = json(path.join(folder, 'package.json'));
    const { optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = rest;
    const peers = Object.keys(peerDependencies).filter((peer) => !peerDependenciesMeta[peer]?.optional);
    for (const needed of Object.keys(dependencies))
      add(needed, folder, !Object.hasOwn(optionalDependencies, needed));
    for (const perhaps of [...Object.keys(optionalDependencies), ...peers]) add(perhaps, folder, false);
  };
  for (const [name, owners] of Object.entries(packages)) if (owners.some(isOwn)) add(name, ROOT, true);
  for (const name of ALWAYS) add(name, ROOT, true);
  return found;
}

/** Where Node finds it from there. */
function folderOf(name, from) {
  for (let at = from; at.startsWith(ROOT); at = path.dirname(at)) {
    const folder = path.join(at, 'node_modules', name);
    if (existsSync(path.join(folder, 'package.json'))) return folder;
  }
  return undefined;
}

/** A program and what it is linked against, as `from:to`. */
async function executable(file, to) {
  const { stdout } = await run('ldd', [file]);
  const linked = stdout.match(/\/\S+/g) ?? [];
  return [`${file}:${to}`, ...linked.map((library) => `${realpathSync(library)}:${library}`)];
}

function json(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
