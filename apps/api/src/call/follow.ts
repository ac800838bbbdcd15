import { TowpathError, type Actor } from '#libs/domain';
import type { ApiParts } from '../api.parts.js';
import type { Call, Caller, StreamEvent } from './call.js';
import type { OperationDefinition } from './definition.js';
import { authorize, read } from './execute.js';
import { readInput } from './input.js';

/** Rights of an open stream are looked at again this often; with the cache of credentials below 5 s in all. */
const RECHECK_MS = 1_500;

/** One request to follow something, as a face hands it in. */
export interface FollowRequest extends Caller {
  /** Fields of path and query in one object, not yet checked. */
  raw: unknown;
  /** Aborted when the client leaves or the process stops. */
  signal: AbortSignal;
  /** Who the credential stands for now. @throws TowpathError UNAUTHENTICATED when it has ended */
  authenticate: () => Promise<Actor>;
}

/** Stands between events: the rights were just looked at, and nothing has come. */
export const BEAT = Symbol('beat');

/**
 * Opens the stream of an operation. It throws in the middle once the caller's credential or right has ended.
 * @throws TowpathError when the caller may not follow it or it does not exist
 */
export async function follow(
  parts: ApiParts,
  definition: OperationDefinition,
  request: FollowRequest,
): Promise<AsyncGenerator<StreamEvent | typeof BEAT>> {
  authorize(request.actor, definition);
  const input = readInput(definition, request.raw);
  const { actor, requestId, from, signal } = request;
  const caller = { actor, requestId, from };
  const reading = <T>(work: (call: Call) => Promise<T>): Promise<T> => read(parts, caller, work);
  const events = await definition.stream?.({ ...caller, parts, signal, read: reading }, input);
  if (!events) throw new TowpathError('NOT_SUPPORTED', `${definition.name} cannot be followed.`);
  const recheck = async (): Promise<void> => authorize(await request.authenticate(), definition);
  return rechecked(events, { everyMs: RECHECK_MS, recheck, signal });
}

export interface RecheckOptions {
  everyMs: number;
  /** Throws when the caller may no longer follow. */
  recheck: () => Promise<void>;
  signal: AbortSignal;
}

/** The same events, with a look at the caller's rights in between; ends without a word when it is aborted. */
export async function* rechecked(
  events: AsyncIterable<StreamEvent>,
  options: RecheckOptions,
): AsyncGenerator<StreamEvent | typeof BEAT> {
  const iterator = events[Symbol.asyncIterator]();
  let next = iterator.next();
  let due = Date.now() + options.everyMs;
  try {
    while (!options.signal.aborted) {
      const result = await firstOf(next, due - Date.now(), options.signal);
      if (result === BEAT || Date.now() >= due) {
        await options.recheck();
        due = Date.now() + options.everyMs;
      }
      if (result === BEAT) {
        yield BEAT;
      } else if (result.done) {
        return;
      } else {
        yield result.value;
        next = iterator.next();
      }
    }
  } catch (error) {
    if (!options.signal.aborted) throw error;
  } finally {
    next.catch(() => undefined);
    void iterator.return?.();
  }
}

async function firstOf(
  next: Promise<IteratorResult<StreamEvent>>,
  millis: number,
  signal: AbortSignal,
): Promise<IteratorResult<StreamEvent> | typeof BEAT> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const beat = new Promise<typeof BEAT>((resolve) => {
    timer = setTimeout(() => resolve(BEAT), Math.max(0, millis));
  });
  const ended = new Promise<IteratorResult<StreamEvent>>((resolve) => {
    onAbort = () => resolve({ done: true, value: undefined });
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([next, beat, ended]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}
