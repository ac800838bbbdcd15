import type { StreamEvent } from '../../call/call.js';
import { eventStream } from './event-stream.js';

async function* events(...list: StreamEvent[]): AsyncGenerator<StreamEvent> {
  for (const event of list) yield await Promise.resolve(event);
}

async function* endless(onEnd: () => void): AsyncGenerator<StreamEvent> {
  try {
    yield await Promise.resolve({ event: 'log', data: 1 });
    await new Promise<never>(() => undefined);
  } finally {
    onEnd();
  }
}

async function textOf(stream: AsyncGenerator<string>): Promise<string> {
  let text = '';
  for await (const part of stream) text += part;
  return text;
}

const options = { everyMs: 60_000, recheck: () => Promise.resolve(), tell: () => ({ code: 'X' }) };

describe('an event stream', () => {
  it('writes events and ends with them', async () => {
    const { signal } = new AbortController();
    const stream = eventStream(events({ event: 'a', data: { n: 1 } }, { event: 'b', data: 'x\ny' }), {
      ...options,
      signal,
    });
    expect(await textOf(stream)).toBe(
      ': following\n\nevent: a\ndata: {"n":1}\n\nevent: b\ndata: "x\\ny"\n\n',
    );
  });

  it('ends with an error when the rights are gone', async () => {
    const { signal } = new AbortController();
    const recheck = () => Promise.reject(new Error('revoked'));
    const stream = eventStream(
      endless(() => undefined),
      { ...options, everyMs: 5, recheck, signal },
    );
    expect(await textOf(stream)).toContain('event: error\ndata: {"code":"X"}\n\n');
  });

  it('ends without a word when it is aborted', async () => {
    const controller = new AbortController();
    const stream = eventStream(
      endless(() => undefined),
      { ...options, signal: controller.signal },
    );
    setTimeout(() => controller.abort(), 10);
    expect(await textOf(stream)).toBe(': following\n\nevent: log\ndata: 1\n\n');
  });
});
