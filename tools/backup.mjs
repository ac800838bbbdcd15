/** A backup of an installation: one tar.gz with a manifest, the database, the keys and the blobs. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  createReadStream,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { Obstacle } from './children.mjs';
import { filesBelow, inRoot } from './stamp.mjs';
import { runNode } from './stages.mjs';

const FORMAT = 1;
/** What an installation cannot be made again from its rows without; the rest of `keys/` is made anew at a start. */
const KEY_FILES = [
  'keys/master.key',
  'keys/account.seed',
  'keys/bootstrap.json',
  'keys/api.password',
  'keys/system.password',
  'keys/postgres.password',
  'nats/keys.json',
];
/** What lets an agent or gateway of this folder come back as the one it was. */
const MEMBER_FILES = ['membership.json', 'agent.key.json'];

/**
 * Writes `output` (must not exist) whole or not at all, readable by its owner only.
 * @returns the manifest
 */
export async function writeBackup({ installation, ownerUrl, output, now, say }) {
  if (existsSync(output))
    throw new Obstacle(`${output} exists: a backup never replaces a file. Name another one.`);
  const stage = `${output}.part`;
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(path.join(stage, 'database'), { recursive: true, mode: 0o700 });
  try {
    say('copying the database');
    const database = await databasePart({
      DATABASE_URL: ownerUrl,
      TOWPATH_BACKUP_DIR: path.join(stage, 'database'),
    });
    stageFiles(installation, stage);
    const { version } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
    const files = [];
    for (const file of filesBelow(stage, '').sort()) files.push(await describe(stage, file));
    const manifest = { format: FORMAT, version, createdAt: new Date(now).toISOString(), database, files };
    writeFileSync(path.join(stage, 'manifest.json'), JSON.stringify(manifest), { mode: 0o600 });
    say(`packing ${files.length} files`);
    await pack(stage, output);
    return manifest;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function stageFiles(installation, stage) {
  const blob = /^sha256\/[0-9a-f]{2}\/[0-9a-f]{64}$/;
  const blobs = filesBelow(installation.at('blobs'), '')
    .map((file) => path.relative(installation.at('blobs'), file))
    .filter((name) => blob.test(name))
    .map((name) => `blobs/${name}`);
  const members = readdirSync(installation.dir).flatMap((member) =>
    MEMBER_FILES.map((name) => `${member}/${name}`),
  );
  const single = [...KEY_FILES, ...members].filter((name) => existsSync(installation.at(name)));
  for (const name of [...single, ...blobs]) {
    const to = path.join(stage, name);
    mkdirSync(path.dirname(to), { recursive: true, mode: 0o700 });
    linkOrCopy(installation.at(name), to);
  }
}

/** Blobs never change, so a second name for them is as good as a copy. */
function linkOrCopy(from, to) {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

async function describe(stage, file) {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece);
  return { path: path.relative(stage, file), bytes: statSync(file).size, sha256: hash.digest('hex') };
}

async function pack(stage, output) {
  const tar = await import('tar');
  const packed = `${stage}.tar.gz`;
  const names = ['manifest.json', ...readdirSync(stage).filter((name) => name !== 'manifest.json')];
  try {
    await tar.create({ cwd: stage, file: packed, gzip: { level: 6 }, portable: true, mode: 0o600 }, names);
    flush(packed);
    renameSync(packed, output);
    flush(path.dirname(output));
  } finally {
    rmSync(packed, { force: true });
  }
}

function flush(name) {
  const handle = openSync(name, 'r');
  fsyncSync(handle);
  closeSync(handle);
}

/**
 * Reads a backup whole and compares every file with the manifest.
 * @returns the manifest
 * @throws Obstacle naming what is wrong with it
 */
export async function verifyBackup(file) {
  if (!existsSync(file)) throw new Obstacle(`There is no backup ${file}.`);
  const tar = await import('tar');
  const found = new Map();
  let manifest;
  const onReadEntry = (entry) => {
    const hash = createHash('sha256');
    const pieces = [];
    entry.on('data', (piece) => {
      hash.update(piece);
      if (entry.path === 'manifest.json') pieces.push(piece);
    });
    entry.on('end', () => {
      if (entry.path === 'manifest.json') manifest = Buffer.concat(pieces).toString();
      else if (entry.type === 'File') found.set(entry.path, hash.digest('hex'));
    });
  };
  try {
    await tar.list({ file, strict: true, onReadEntry });
  } catch (error) {
    throw new Obstacle(`${file} is no whole backup: ${error.message}`);
  }
  return checkManifest(file, manifest, found);
}

function checkManifest(file, text, found) {
  const broken = (why) => new Obstacle(`${file} is no whole backup: ${why}.`);
  let manifest;
  try {
    manifest = JSON.parse(text);
  } catch {
    throw broken('it has no manifest');
  }
  if (manifest.format !== FORMAT)
    throw new Obstacle(`${file} has form ${manifest.format}; this version reads form ${FORMAT}.`);
  const wrong = manifest.files.filter(({ path: name, sha256 }) => found.get(name) !== sha256);
  if (wrong.length > 0)
    throw broken(`${wrong.length} files are missing or changed, the first is ${wrong[0].path}`);
  const known = new Set(manifest.files.map((entry) => entry.path));
  const strange = [...found.keys()].filter((name) => !known.has(name));
  if (strange.length > 0)
    throw broken(`it holds files that its manifest does not name, the first is ${strange[0]}`);
  return manifest;
}

/** Unpacks a verified backup into `folder` (0700, made new). */
export async function unpackBackup(file, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  const tar = await import('tar');
  await tar.extract({ file, cwd: folder, strict: true, preserveOwner: false });
}

/** Refused when the folder's rows belong to another installation: its secrets could not be opened any more. */
export function refuseOtherInstallation(installation, unpacked) {
  const own = installation.at('keys/master.key');
  if (!existsSync(own)) return;
  const same =
    readFileSync(own, 'utf8').trim() === readFileSync(path.join(unpacked, 'keys/master.key'), 'utf8').trim();
  if (same) return;
  throw new Obstacle(
    `${installation.dir} holds another installation than the backup: restore into a new folder with --data DIR.`,
  );
}

/** Keys and blobs that are not there yet. What is there stays: its server knows it. */
export function takeFiles(installation, unpacked, { files }) {
  for (const { path: name } of files.filter((file) => !file.path.startsWith('database/'))) {
    const to = installation.at(name);
    if (existsSync(to)) continue;
    mkdirSync(path.dirname(to), { recursive: true, mode: 0o700 });
    copyFileSync(path.join(unpacked, name), `${to}.part`);
    renameSync(`${to}.part`, to);
  }
}

/** Fills the database from an unpacked backup, in one transaction. */
export function restoreRows(ownerUrl, unpacked, manifest) {
  const file = path.join(unpacked, 'database.json');
  writeFileSync(file, JSON.stringify(manifest.database), { mode: 0o600 });
  return databasePart({
    DATABASE_URL: ownerUrl,
    TOWPATH_BACKUP_DIR: path.join(unpacked, 'database'),
    TOWPATH_BACKUP_MANIFEST: file,
  });
}

const databasePart = (env) => storeTool('backup.main.js', env);

/** Runs a program of libs/store and gives what it answered. */
export async function storeTool(program, env) {
  const { code, output } = await runNode([`dist/libs/store/src/${program}`], { env, quiet: true });
  if (code !== 0) throw new Obstacle(`The database refused:\n${sentences(output)}`);
  return JSON.parse(output.trim().split('\n').at(-1));
}

/** The error's own words, without where in the code it came up. */
const sentences = (output) =>
  output
    .split('\n')
    .filter((line) => /^\w*error\b.*: /i.test(line.trim()))
    .slice(0, 3)
    .join('\n') || output.trim().split('\n').slice(-5).join('\n');
