/**
 * `tow admin …`: what an operator does to an installation on this machine, beside it, not through its API.
 * `node tools/admin.mjs backup|restore|verify [--data DIR] …`; data on stdout, talk on stderr.
 */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  refuseOtherInstallation,
  storeTool,
  restoreRows,
  takeFiles,
  unpackBackup,
  verifyBackup,
  writeBackup,
} from './backup.mjs';
import { Obstacle, commandLine } from './children.mjs';
import { Installation } from './installation.mjs';
import { DATABASE, migrate } from './platform.mjs';
import { ensureDatabase, startPostgres } from './postgres.mjs';
import { inRoot } from './stamp.mjs';

const OPTIONS = {
  data: { type: 'string' },
  output: { type: 'string' },
  input: { type: 'string' },
  yes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  quiet: { type: 'boolean', default: false },
  release: { type: 'string', multiple: true },
};
const VERBS = { backup, verify, restore, held };

const SILENCE_MS = 2_000;
let [saidAt, doing] = [Date.now(), 'starting'];
const isQuiet = process.argv.includes('--quiet');
const say = (text) => {
  if (!isQuiet) console.error(text);
  [saidAt, doing] = [Date.now(), text];
};
/** A large installation takes its time: no silence is longer than 2 s. */
setInterval(() => {
  if (isQuiet || Date.now() - saidAt < SILENCE_MS - 250) return;
  console.error(`… ${doing}`);
  saidAt = Date.now();
}, 250).unref();
/** A command line that cannot be carried out as it is. */
class Misuse extends Obstacle {}
/** A relative path is meant from where the person stands. */
const at = (name) => path.resolve(process.env.INIT_CWD ?? process.cwd(), name);

try {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const verb = VERBS[positionals[0]];
  if (verb === undefined) throw new Misuse(`Say one of ${Object.keys(VERBS).join(', ')}.`);
  await verb(new Installation(values.data === undefined ? inRoot('.data') : at(values.data)), values);
} catch (error) {
  if (!(error instanceof Obstacle)) throw error;
  tell(error);
}

/** As `tow` tells an error: a line, or JSON with --json (apps/cli/src/output/error.ts). */
function tell(error) {
  const [code, exit] = error instanceof Misuse ? ['INVALID_ARGUMENT', 2] : ['FAILED_PRECONDITION', 1];
  const { message } = error;
  console.error(
    process.argv.includes('--json')
      ? JSON.stringify({ error: { code, message, exit } })
      : `error: ${message} (${code})`,
  );
  process.exitCode = exit;
}

async function backup(installation, { output, json }) {
  if (!existsSync(installation.at('keys/master.key')))
    throw new Obstacle(`There is no installation in ${installation.dir}: name its folder with --data DIR.`);
  const file = outputFile(output);
  const manifest = await withDatabase(installation, (ownerUrl) =>
    writeBackup({ installation, ownerUrl, output: file, now: Date.now(), say }),
  );
  await verifyBackup(file);
  show(json, { file, ...summary(manifest), bytes: statSync(file).size });
  say('It holds every key of the installation: keep it as safe as the installation itself.');
}

async function verify(_installation, { input, json }) {
  const file = at(input);
  show(json, { file, ...summary(await verifyBackup(file)), bytes: statSync(file).size });
}

async function restore(installation, { input, yes, json }) {
  const file = at(input);
  const manifest = await verifyBackup(file);
  const fresh = isEmpty(installation.dir);
  if (!fresh && !existsSync(installation.at('keys/master.key')))
    throw new Obstacle(`${installation.dir} is neither empty nor an installation: choose a new folder.`);
  if (!fresh && !yes) {
    throw new Misuse(
      `This replaces the database of ${installation.dir} by the copy of ${manifest.createdAt}. Say it with --yes.`,
    );
  }
  installation.makeFolders();
  try {
    await putBack(installation, file, manifest);
  } catch (error) {
    // half of an installation would look like a whole one at the next start
    if (fresh) rmSync(installation.dir, { recursive: true, force: true });
    throw error;
  }
  show(json, { data: installation.dir, ...summary(manifest) });
  say(
    runningUrl(installation) === undefined
      ? `Start it: npm start -- --data ${installation.dir}`
      : 'The running processes go on with it by themselves.',
  );
}

/** Services that clusters hold newer than the restored rows: listed, and released by an operator's word. */
async function held(installation, { release = [], json }) {
  const { held, released } = await withDatabase(installation, (ownerUrl) =>
    storeTool('held.main.js', { TOWPATH_SYSTEM_DATABASE_URL: ownerUrl, TOWPATH_RELEASE: release.join(',') }),
  );
  const wrong = release.filter((id) => !released.includes(id));
  if (wrong.length > 0)
    throw new Obstacle(
      `Not held, released already, or not in the rows (made after the backup): ${wrong.join(', ')}.`,
    );
  if (json) return console.log(JSON.stringify(held));
  if (held.length === 0) say('No service is held: rows and clusters say the same.');
  for (const { serviceId, organizationId, name, foundAt, known, released: done } of held)
    console.log(
      [
        serviceId,
        name,
        organizationId,
        new Date(foundAt).toISOString(),
        known ? (done ? 'released' : 'held') : 'made after the backup',
      ].join('  '),
    );
}

function isEmpty(dir) {
  return !existsSync(dir) || readdirSync(dir).length === 0;
}

async function putBack(installation, file, manifest) {
  const unpacked = installation.at('restore.part');
  try {
    await unpackBackup(file, unpacked);
    refuseOtherInstallation(installation, unpacked);
    takeFiles(installation, unpacked, manifest);
    say('replacing the database');
    await withDatabase(installation, async (ownerUrl) => {
      await migrate(installation, ownerUrl);
      await restoreRows(ownerUrl, unpacked, manifest);
    });
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

/** DATABASE_URL if set, else the server of the running installation, else its server started for so long. */
async function withDatabase(installation, work) {
  if (process.env.DATABASE_URL !== undefined) return work(process.env.DATABASE_URL);
  const running = runningUrl(installation);
  if (running !== undefined) return work(running);
  installation.refuseSecondStarter();
  await installation.stopLeftovers();
  const server = await startPostgres({
    dir: installation.at('postgres'),
    password: installation.secret('postgres.password'),
  });
  try {
    await ensureDatabase(server.url('postgres'), DATABASE);
    return await work(server.url(DATABASE));
  } finally {
    await server.stop();
  }
}

/** The owner's login at the embedded server of an installation that runs now. */
function runningUrl(installation) {
  const run = installation.lastRun();
  if (run === undefined || !commandLine(run.pid).includes('start.mjs')) return undefined;
  return `postgresql://postgres:${installation.secret('postgres.password')}@127.0.0.1:${run.ports.postgres}/${DATABASE}`;
}

/** A folder gets a file named by the time. */
function outputFile(output) {
  const name = `towpath-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.tar.gz`;
  const file = output === undefined ? at(name) : at(output);
  if (existsSync(file) && statSync(file).isDirectory()) return path.join(file, name);
  if (!existsSync(path.dirname(file))) throw new Obstacle(`There is no folder ${path.dirname(file)}.`);
  return file;
}

function summary({ version, createdAt, database, files }) {
  return {
    version,
    createdAt,
    migration: database.migrations.at(-1),
    tables: database.tables.length,
    rows: database.tables.reduce((sum, { rows }) => sum + rows, 0),
    blobs: files.filter((entry) => entry.path.startsWith('blobs/')).length,
  };
}

function show(json, facts) {
  if (json) return console.log(JSON.stringify(facts));
  for (const [name, value] of Object.entries(facts)) console.log(`${name.padEnd(10)} ${value}`);
}
