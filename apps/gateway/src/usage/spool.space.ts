import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { Loop, type Health, type Logger } from '#libs/process';

const LOOK_MS = 1_000;
/** Below it /healthz says so. Envoy drops the lines it cannot write: those requests are served and never billed. */
const LEAST_FREE_BYTES = 16 * 1024 * 1024;

/** Watches the space that Envoy's access log has left. */
export function watchSpoolSpace(log: string, health: Health, logger: Logger): Loop {
  return new Loop(
    'spool space',
    LOOK_MS,
    async () => {
      const { bavail, bsize } = await statfs(path.dirname(log));
      const isEnough = bavail * bsize >= LEAST_FREE_BYTES;
      const message = isEnough
        ? ''
        : 'The disk of the access log is nearly full; what cannot be written is not billed.';
      health.set('spool', isEnough, message);
    },
    logger,
  );
}
