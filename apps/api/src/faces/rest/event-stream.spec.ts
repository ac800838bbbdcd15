import type { StreamEvent } from '../../call/call.js';
import { BEAT } from '../../call/follow.js';
import { eventStream } from './event-stream.js';

async function* events(...list: (StreamEvent | typeof BEAT | Error)[]) {
  for (const event of list) {
    if (event instanceof Error) throw event;
    yield await Promise.resolve(event);
  }
}

async function textOf(stream: AsyncGenerator<string>): Promise<string> {
  let text = '';
  for await (const part of stream) text += part;
  return text;
}

const tell = () => ({ code: 'X' });

describe('an event stream', () => {
  it.each<[string, Parameters<typeof events>, string]>([
    [
      'writes events and ends with them',
      [
        { event: 'a', data: { n: 1 } },
        { event: 'b', data: 'x\ny' },
      ],
      'event: a\ndata: {"n":1}\n\nevent: b\ndata: "x\\ny"\n\n',
    ],
    ['ends with an error when it breaks', [new Error('revoked')], 'event: error\ndata: {"code":"X"}\n\n'],
    ['keeps a silent connection awake', Array.from({ length: 9 }, () => BEAT), ': still here\n\n'],
  ])('%s', async (_what, list, text) => {
    expect(await textOf(eventStream(events(...list), tell))).toBe(`: following\n\n${text}`);
  });
});
