import type { StreamEvent } from '../../call/call.js';

export interface EventStreamOptions {
  /** How often the caller's rights are looked at again. */
  everyMs: number;
  /** Throws when the caller may no longer follow. */
  recheck: () => Promise<void>;
  /** What the client is told when the stream breaks. */
  tell: (error: unknown) => unknown;
  signal: AbortSignal;
}

const BEAT = Symbol('beat');
/** A comment keeps the connection awake after this many silent looks. */
const SILENT_BEATS = 8;

/** Server-sent events as text: every event, a comment as heartbeat, and `error` as the last event when it breaks. */
export async function* eventStream(
  events: AsyncIterable<StreamEvent>,
  options: EventStreamOptions,
): AsyncGenerator<string> {
  const iterator = events[Symbol.asyncIterator]();
  let next = iterator.next();
  let silent = 0;
  try {
    // Sent at once, so that the client has the headers before the first event.
    yield ': following\n\n';
    while (!options.signal.aborted) {
      const result = await firstOf(next, options);
      if (result === BEAT) {
        await options.recheck();
        silent = (silent + 1) % SILENT_BEATS;
        if (silent === 0) yield ': still here\n\n';
      } else if (result.done) {
        return;
      } else {
        yield `event: ${result.value.event}\ndata: ${JSON.stringify(result.value.data)}\n\n`;
        next = iterator.next();
      }
    }
  } catch (error) {
    if (!options.signal.aborted) yield `event: error\ndata: ${JSON.stringify(options.tell(error))}\n\n`;
  } finally {
    next.catch(() => undefined);
    void iterator.return?.();
  }
}

async function firstOf(
  next: Promise<IteratorResult<StreamEvent>>,
  { everyMs, signal }: EventStreamOptions,
): Promise<IteratorResult<StreamEvent> | typeof BEAT> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const beat = new Promise<typeof BEAT>((resolve) => {
    timer = setTimeout(() => resolve(BEAT), everyMs);
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
