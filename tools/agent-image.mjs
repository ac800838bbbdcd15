/**
 * `npm run image -- OUT.tar [NAME]`: the agent as an image, an OCI layout in a tar, without Docker: this machine's Node
 * with the C library that it is linked against, and the agent.
 */
import { execFile } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Obstacle, onPath } from './children.mjs';
import { nodeBinary } from './setup.mjs';
import { inRoot } from './stamp.mjs';

const run = promisify(execFile);
const MAIN = 'dist/apps/agent/src/main.js';

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
    const entrypoint = ['/usr/local/bin/node', '--enable-source-maps', `/app/${MAIN}`].join();
    const owner = ['--user', '65532', '--workdir', '/app', '--entrypoint', entrypoint];
    const program = inRoot('e2e/cluster/scripts/mkimage.py');
    await run('python3', [program, name, out, ...owner, `${staged}/app:/app`, ...node]);
  } finally {
    await rm(staged, { recursive: true });
  }
}

/** One file, and what says how Node reads it. */
async function stage(app) {
  for (const file of ['package.json', 'dist/licences.txt', MAIN, `${MAIN}.map`])
    await cp(inRoot(file), path.join(app, file));
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
