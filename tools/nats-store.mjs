/**
 * A stream of nats-server that could not write once, for want of space, refuses every write until the server is started
 * again, also when there is space. It says so on stderr only.
 */
import { statfsSync } from 'node:fs';

const EVERY_MS = 1_000;
const LEAST_FREE_BYTES = 8 * 1024 * 1024;
const REFUSED = /no space left on device/;

/** Calls `restart` once when the server has refused a write and there is space again in `dir`. */
export function watchStore({ child, dir, restart }) {
  let hasRefused = false;
  child.stderr.on('data', (data) => (hasRefused ||= REFUSED.test(data)));
  const timer = setInterval(() => {
    if (!hasRefused || freeBytes(dir) < LEAST_FREE_BYTES) return;
    clearInterval(timer);
    restart();
  }, EVERY_MS).unref();
  child.once('exit', () => clearInterval(timer));
}

function freeBytes(dir) {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}
