import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CliError } from '../exit.js';
import type { Io } from '../io.js';
import { configPath, readConfig, writeConfig, type Config } from './config.file.js';

const LOOK_EVERY_MS = 50;
/** A lock of somebody who is gone; a refresh takes no longer than its retries. */
const STALE_MS = 60_000;
const LOOKS = 1_400;

/** Reads, changes and writes the config while no other `tow` does. */
export async function changeConfig<T>(
  io: Io,
  change: (config: Config) => Promise<{ config?: Config; result: T }>,
): Promise<T> {
  const lock = `${configPath(io)}.lock`;
  await take(io, lock);
  try {
    const { config, result } = await change(await readConfig(io));
    if (config) await writeConfig(io, config);
    return result;
  } finally {
    await rm(lock, { force: true });
  }
}

async function take(io: Io, lock: string): Promise<void> {
  await mkdir(dirname(lock), { recursive: true, mode: 0o700 });
  for (let look = 0; look < LOOKS; look += 1) {
    const made = await open(lock, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      return undefined;
    });
    if (made) return made.close();
    const since = await stat(lock).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (since !== undefined && io.clock.now() - since > STALE_MS) await rm(lock, { force: true });
    else await io.sleep(LOOK_EVERY_MS, io.signal);
  }
  throw new CliError('FAILED_PRECONDITION', `Another tow holds ${lock}.`, {
    nextStep: 'Wait for it; when none runs, remove the file.',
  });
}
