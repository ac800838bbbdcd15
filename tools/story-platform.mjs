/** The platform that stories speak to: `npm start -- --empty` in a folder and on ports of its own. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import {
  commandLine,
  freePort,
  hasEnded,
  isPortFree,
  spawnDetached,
  stopChild,
  untilLine,
} from './children.mjs';
import { nodeBinary } from './setup.mjs';
import { ROOT, inRoot } from './stamp.mjs';

/** Two platforms that chose their ports in the same moment could choose the same. */
let turn = Promise.resolve();

/**
 * `extra` is added to the starter's environment, `more` to its arguments. One starts after the other.
 * @returns {Promise<{env: Record<string, string>, stop: () => Promise<void>}>} `env` for jest; `stop` rejects when
 *   anything is left running
 */
export async function startStoryPlatform(dir, extra = {}, more = []) {
  const started = turn.then(async () => startPlatform(dir, await freePorts(), extra, more));
  turn = started.catch(() => undefined);
  const child = await started;
  const stop = async () => {
    if (hasEnded(child)) return;
    await stopChild(child, 'SIGINT', 60_000);
    refuseLeftovers(dir);
  };
  return { env: { TOWPATH_STORY_RUN_FILE: path.join(dir, 'run.json') }, stop };
}

/** Stops, starts again with the same data, and finds what was there. */
export async function checkRestart(dir) {
  const { ports } = JSON.parse(readFileSync(path.join(dir, 'run.json'), 'utf8'));
  const child = await startPlatform(dir, ports.api);
  try {
    const { urls, operatorKey } = JSON.parse(readFileSync(path.join(dir, 'run.json'), 'utf8'));
    const answer = await fetch(`${urls.api}/v1/whoami`, {
      headers: { authorization: `Bearer ${operatorKey}` },
    });
    if (answer.status !== 200) throw new Error(`after a restart the operator's key gives ${answer.status}`);
  } finally {
    await stopChild(child, 'SIGINT', 60_000);
  }
  refuseLeftovers(dir);
}

/** The shortest the rules allow: stories wait for instances to go and for starts to fail. */
const STORY_SETTINGS = {
  TOWPATH_SCALE_WINDOW_SECONDS: '6',
  TOWPATH_START_TIMEOUT_SECONDS: '10',
  // a story's receiver is on this machine
  TOWPATH_WEBHOOK_REACH: 'any',
  // who owes anything past its day is suspended at once
  TOWPATH_INVOICE_SUSPEND_DAYS: '0',
};

/** Of what a story kills again and again: it would wait for nothing else. */
const LONGEST_PAUSE_MS = 1_000;

async function startPlatform(dir, port, extra = {}, more = []) {
  const own = ['--empty', '--port', String(port), '--data', dir, '--longest-pause', String(LONGEST_PAUSE_MS)];
  const args = [inRoot('tools/start.mjs'), ...own, ...more];
  const env = { ...process.env, ...STORY_SETTINGS, ...extra };
  const child = spawnDetached(nodeBinary(), args, { cwd: ROOT, env });
  try {
    await untilLine(child, 'the platform', (line) => line.includes('Towpath is up'), 300_000);
    return child;
  } catch (error) {
    await stopChild(child, 'SIGTERM', 60_000);
    throw error;
  }
}

/** Every process of a platform names its data folder in its command line, or stands in it, as instances do. */
function refuseLeftovers(dir) {
  const left = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => ({ pid, command: commandLine(pid) }))
    .filter(({ pid, command }) => command.includes(dir) || workingFolder(pid).startsWith(dir));
  if (left.length > 0)
    throw new Error(
      `left running after Ctrl-C:\n${left.map(({ pid, command }) => `${pid} ${command}`).join('\n')}`,
    );
}

function workingFolder(pid) {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

/** P, P + 1 and P + 2 free: the API and the gateway. */
async function freePorts() {
  for (;;) {
    const port = await freePort();
    if ((await isPortFree(port + 1)) && (await isPortFree(port + 2))) return port;
  }
}
