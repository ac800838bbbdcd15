import type { StreamEvent } from './call.js';
import { BEAT, rechecked } from './follow.js';

const log: StreamEvent = { event: 'log', data: 1 };

async function* silentAfter(first: StreamEvent, onEnd: () => void): AsyncGenerator<StreamEvent> {
  try {
    yield await Promise.resolve(first);
    await new Promise<never>(() => undefined);
  } finally {
    onEnd();
  }
}

async function* busy(): AsyncGenerator<StreamEvent> {
  for (;;) {
    yield log;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const never = () => undefined;
const options = {
  everyMs: 60_000,
  recheck: () => Promise.resolve(),
  signal: new AbortController().signal,
};

describe('a followed stream', () => {
  it('breaks when the rights are gone, silent or busy', async () => {
    const recheck = () => Promise.reject(new Error('revoked'));
    for (const events of [silentAfter(log, never), busy()]) {
      const read = async () => {
        for await (const event of rechecked(events, { ...options, everyMs: 5, recheck })) {
          expect(event).toBe(log);
        }
      };
      await expect(read()).rejects.toThrow('revoked');
    }
  });

  it('tells a look at the rights as a beat', async () => {
    const stream = rechecked(silentAfter(log, never), { ...options, everyMs: 5 });
    expect((await stream.next()).value).toBe(log);
    expect((await stream.next()).value).toBe(BEAT);
  });

  it('ends without a word when it is aborted', async () => {
    const controller = new AbortController();
    const stream = rechecked(silentAfter(log, never), { ...options, signal: controller.signal });
    expect((await stream.next()).value).toBe(log);
    setTimeout(() => controller.abort(), 10);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});
