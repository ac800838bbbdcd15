import { Notifier } from './notifier.js';

/** Sends that end when told. */
function rig() {
  const ends: { resolve: () => void; reject: (error: Error) => void; channel: string }[] = [];
  const notifier = new Notifier(
    (channel) => new Promise((resolve, reject) => void ends.push({ resolve, reject, channel })),
  );
  return { ends, notifier };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('wakes', () => {
  it('share one send that leaves after they were asked for', async () => {
    const { ends, notifier } = rig();
    const first = notifier.notify('outbox');
    const others = Promise.all([notifier.notify('outbox'), notifier.notify('outbox')]);
    expect(ends).toHaveLength(1);
    ends[0]?.resolve();
    await first;
    await turn();
    expect(ends).toHaveLength(2);
    ends[1]?.resolve();
    await others;
    void notifier.notify('outbox');
    expect(ends).toHaveLength(3);
  });

  it('of different channels do not wait for each other', () => {
    const { ends, notifier } = rig();
    void notifier.notify('one');
    void notifier.notify('two');
    expect(ends.map(({ channel }) => channel)).toEqual(['one', 'two']);
  });

  it('that fail are told to who asked, and keep nobody else from trying', async () => {
    const { ends, notifier } = rig();
    const [first, second] = [notifier.notify('outbox'), notifier.notify('outbox')];
    ends[0]?.reject(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await turn();
    ends[1]?.resolve();
    await second;
  });
});
