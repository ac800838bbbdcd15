/** The platform that stories speak to: `npm start -- --empty` in a folder and on ports of its own. */
import path from 'node:path';
import { freePort, isPortFree, spawnDetached, stopChild, untilLine } from './children.mjs';
import { nodeBinary } from './setup.mjs';
import { ROOT, inRoot } from './stamp.mjs';

/** @returns {Promise<{env: Record<string, string>, stop: () => Promise<void>}>} `env` for jest */
export async function startStoryPlatform(dir) {
  const port = await freePortPair();
  const args = [inRoot('tools/start.mjs'), '--empty', '--port', String(port), '--data', dir];
  const child = spawnDetached(nodeBinary(), args, { cwd: ROOT });
  const stop = () => stopChild(child, 'SIGTERM', 60_000);
  try {
    await untilLine(child, 'the platform', (line) => line.includes('Towpath is up'), 120_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return { env: { TOWPATH_STORY_RUN_FILE: path.join(dir, 'run.json') }, stop };
}

/** P and P + 1 free: the API and the gateway. */
async function freePortPair() {
  for (;;) {
    const port = await freePort();
    if (await isPortFree(port + 1)) return port;
  }
}
