import { RecentMessages, type UsageMessage } from './recent.messages.js';

const of = (msgId: string, length = 1): UsageMessage => ({ msgId, bytes: new Uint8Array(length) });

describe('the messages of the last minute', () => {
  it('are kept in their order, older ones go', () => {
    const recent = new RecentMessages();
    recent.note(of('a'), 0);
    recent.note(of('b'), 30_000);
    recent.note(of('c'), 59_999);
    expect(recent.list.map(({ msgId }) => msgId)).toEqual(['a', 'b', 'c']);
    recent.note(of('d'), 60_000);
    expect(recent.list.map(({ msgId }) => msgId)).toEqual(['b', 'c', 'd']);
  });

  it('are no more than memory allows, the newest', () => {
    const recent = new RecentMessages();
    for (let n = 0; n < 60; n += 1) recent.note(of(String(n), 500_000), n);
    expect(recent.list.map(({ msgId }) => Number(msgId))).toEqual(
      Array.from({ length: 50 }, (_, n) => n + 10),
    );
  });
});
