import { hasEnded, operationEvents } from './client/operation.events.js';
import { path } from './client/path.js';
import type { LogView, OperationView, Page } from './client/wire.types.js';
import { CliError, fromPublicError, interrupted } from './exit.js';
import { OperationProgress } from './output/operation.view.js';
import { printable } from './output/table.js';
import type { Tow } from './tow.js';

const LAST_LINES = 20;

/**
 * Shows an operation until it ends.
 * @throws CliError with the operation's own cause, field and next step when it failed; interrupted on Ctrl-C, which
 * says that the operation goes on
 */
export async function followOperation(tow: Tow, operation: OperationView): Promise<OperationView> {
  const shown = new OperationProgress(tow.progress);
  let last = operation;
  try {
    shown.update(last);
    for await (const event of operationEvents(await tow.client(), operation.id, tow.io)) {
      if ('log' in event) shown.log(event.log.text);
      else shown.update((last = event.operation));
    }
  } catch (error) {
    throw stoppedFollowing(error, tow, operation.id);
  } finally {
    shown.close();
  }
  if (last.status === 'failed') throw await failed(tow, last, shown.lastLines);
  return last;
}

/** What to type to go on following. */
export function howToFollow(id: string): string {
  return `tow operations wait ${id}`;
}

function stoppedFollowing(error: unknown, tow: Tow, id: string): unknown {
  if (tow.io.signal.aborted) return interrupted(`The operation goes on. Follow it with: ${howToFollow(id)}`);
  if (!(error instanceof CliError) || error.code !== 'UNAVAILABLE') return error;
  const { message, where } = error;
  return new CliError('UNAVAILABLE', message, {
    where,
    nextStep: `The operation may go on. Follow it with: ${howToFollow(id)}`,
    cause: error,
  });
}

async function failed(tow: Tow, operation: OperationView, buildLines: readonly string[]): Promise<CliError> {
  const error = operation.error ?? { code: 'INTERNAL', message: 'The operation failed and gave no reason.' };
  const shownAlready = tow.globals.quiet !== true;
  const lastLines =
    buildLines.length === 0 ? await lastLogLines(tow, operation) : shownAlready ? [] : buildLines;
  return fromPublicError(error, {
    lastLines,
    nextStep: `See all of it: tow operations describe ${operation.id}`,
  });
}

/** What the program itself said before it failed to start; nothing when it cannot be read. */
async function lastLogLines(tow: Tow, operation: OperationView): Promise<string[]> {
  if (operation.error?.code !== 'START_FAILED' || !hasEnded(operation)) return [];
  const { project, service } = operation;
  const address = path`/v1/projects/${project.handle}/services/${service.name}/logs`;
  try {
    const client = await tow.client();
    const page = await client.get<Page<LogView>>(address, { since: operation.createdAt, limit: LAST_LINES });
    return page.items.filter((entry) => entry.stream !== 'request').map((entry) => printable(entry.text));
  } catch {
    return [];
  }
}
