import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { OperationView } from '../../client/wire.types.js';
import { CliError } from '../../exit.js';
import { durationSeconds } from '../../flags/quantity.js';
import { followOperation, howToFollow } from '../../follow.js';
import { Tow } from '../../tow.js';

/** `tow operations wait ID`: follows it like the command that began it. */
export const operationsWait = defineCommand<[string], { timeout?: number }>({
  calls: ['GET /v1/operations/{operation}', 'GET /v1/operations/{operation}/events'],
  declare(command) {
    command
      .argument('<id>', 'the operation')
      .option('--timeout <time>', 'wait no longer, e.g. 10m (then exit 124)', durationSeconds('--timeout'));
  },
  async run(tow, [id], { timeout }) {
    const ended = await within(tow, timeout, id, async (limited) => {
      const operation = await (await limited.client()).get<OperationView>(path`/v1/operations/${id}`);
      return followOperation(limited, operation);
    });
    tow.out.line(ended, ended.status);
    return undefined;
  },
});

/** Runs `work` with a Tow whose signal is also aborted when the time is over. */
async function within<T>(
  tow: Tow,
  seconds: number | undefined,
  id: string,
  work: (limited: Tow) => Promise<T>,
): Promise<T> {
  if (seconds === undefined) return work(tow);
  const over = new AbortController();
  const done = new AbortController();
  const timer = tow.io.sleep(seconds * 1000, done.signal).then(
    () => over.abort(),
    () => undefined,
  );
  const signal = AbortSignal.any([tow.io.signal, over.signal]);
  try {
    return await work(new Tow({ ...tow.io, signal }, tow.globals));
  } catch (error) {
    if (!over.signal.aborted || tow.io.signal.aborted) throw error;
    throw new CliError('DEADLINE_EXCEEDED', `The operation did not end within ${seconds} s; it goes on.`, {
      nextStep: `Follow it with: ${howToFollow(id)}`,
    });
  } finally {
    done.abort();
    await timer;
  }
}
