import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Paths that never reach a log, whatever object is logged. */
const SECRET_PATHS = ['authorization', 'key', 'token', 'secret', 'password', 'creds', 'value'].flatMap(
  (name) => [name, `*.${name}`, `headers.${name}`],
);

/** One JSON line a record on stdout, with the process's name. */
export function createLogger(name: string, level: string): Logger {
  return pino({
    level,
    base: { process: name, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRET_PATHS, censor: '[hidden]' },
  });
}
