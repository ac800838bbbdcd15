import type { StreamEvent } from '../../call/call.js';
import { BEAT } from '../../call/follow.js';

/** A comment keeps the connection awake after this many silent looks. */
const SILENT_BEATS = 8;

/** Server-sent events as text: every event, a comment as heartbeat, and `error` as the last event when it breaks. */
export async function* eventStream(
  events: AsyncIterable<StreamEvent | typeof BEAT>,
  tell: (error: unknown) => unknown,
): AsyncGenerator<string> {
  let silent = 0;
  // Sent at once, so that the client has the headers before the first event.
  yield ': following\n\n';
  try {
    for await (const event of events) {
      if (event === BEAT) {
        silent = (silent + 1) % SILENT_BEATS;
        if (silent === 0) yield ': still here\n\n';
      } else {
        silent = 0;
        yield `event: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`;
      }
    }
  } catch (error) {
    yield `event: error\ndata: ${JSON.stringify(tell(error))}\n\n`;
  }
}
