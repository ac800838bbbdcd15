import type { IncomingMessage } from 'node:http';
import { createParser } from 'eventsource-parser';

/** One event of a stream (`text/event-stream`). */
export interface StreamEvent {
  event: string;
  data: string;
  id?: string | undefined;
}

/** The events of an answer until it ends. Leaving the loop closes the connection. */
export async function* eventsOf(answer: IncomingMessage): AsyncGenerator<StreamEvent> {
  let ready: StreamEvent[] = [];
  const parser = createParser({
    onEvent: (event) => ready.push({ event: event.event ?? 'message', data: event.data, id: event.id }),
  });
  answer.setEncoding('utf8');
  for await (const chunk of answer as AsyncIterable<string>) {
    parser.feed(chunk);
    const events = ready;
    ready = [];
    yield* events;
  }
}

/** Whether the answer is an event stream at all (a proxy may have put another page there). */
export function isEventStream(answer: IncomingMessage): boolean {
  return (answer.headers['content-type'] ?? '').startsWith('text/event-stream');
}
