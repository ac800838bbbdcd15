import type { FollowedMessage } from '#libs/bus';
import { LeaseLost } from '#libs/store';
import { until } from '#libs/testing';
import { MessageGroups } from './message.groups.js';

const message = (sequence: number): FollowedMessage => ({
  subject: 'usage.gw',
  sequence,
  data: new Uint8Array(),
  deliveries: 1,
  headers: undefined,
  deleted: false,
});

/** Groups that fail as told; remembers what each transaction held. */
function groupsThat(fail: (sequences: number[]) => Error | undefined) {
  const taken: number[][] = [];
  const read = ({ sequence }: FollowedMessage): number => {
    if (sequence < 0) throw new Error('cannot be read');
    return sequence;
  };
  const take = (sequences: readonly number[]): Promise<void> => {
    taken.push([...sequences]);
    const error = fail([...sequences]);
    return error ? Promise.reject(error) : Promise.resolve();
  };
  const groups = new MessageGroups(read, take, 3);
  const add = (...sequences: number[]): Promise<string[]> =>
    Promise.all(
      sequences.map((s) =>
        groups.add(message(s)).then(
          () => 'ok',
          (error: Error) => error.message,
        ),
      ),
    );
  return { taken, add };
}

describe('groups of messages', () => {
  it('join what waits, up to the largest, in order', async () => {
    const { taken, add } = groupsThat(() => undefined);
    expect(await add(1, 2, 3, 4, 5, 6)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'ok']);
    expect(taken).toEqual([[1], [2, 3, 4], [5, 6]]);
    await add(7);
    expect(taken.at(-1)).toEqual([7]);
  });

  it('fall apart when they fail, so that only the bad one fails', async () => {
    const { taken, add } = groupsThat((sequences) => (sequences.includes(3) ? new Error('bad') : undefined));
    expect(await add(1, 2, 3, 4)).toEqual(['ok', 'ok', 'bad', 'ok']);
    expect(taken).toEqual([[1], [2, 3, 4], [2], [3], [4]]);
  });

  it('lose nothing by a message that cannot be read', async () => {
    const { taken, add } = groupsThat(() => undefined);
    expect(await add(1, -1, 2)).toEqual(['ok', 'cannot be read', 'ok']);
    expect(taken).toEqual([[1], [2]]);
  });

  it('are taken so many at a time, and what comes meanwhile goes into the next', async () => {
    const open: (() => void)[] = [];
    const taken: number[][] = [];
    const take = (sequences: readonly number[]): Promise<void> => {
      taken.push([...sequences]);
      return new Promise((resolve) => open.push(resolve));
    };
    const groups = new MessageGroups(({ sequence }: FollowedMessage) => sequence, take, 3, 2);
    const all = [1, 2, 3, 4, 5, 6].map((sequence) => groups.add(message(sequence)));
    expect(taken).toEqual([[1], [2]]);
    open[1]?.();
    await all[1];
    await until(() => taken.length === 3);
    expect(taken.at(-1)).toEqual([3, 4, 5]);
    open[0]?.();
    await until(() => taken.length === 4);
    expect(taken.at(-1)).toEqual([6]);
    for (const end of open) end();
    await Promise.all(all);
  });

  it('fail whole when the lease is lost', async () => {
    const { taken, add } = groupsThat((s) =>
      s.length > 1 ? new LeaseLost({ name: 'x', epoch: 1 }) : undefined,
    );
    expect(await add(1, 2, 3)).toEqual(['ok', 'lease x of epoch 1 is lost', 'lease x of epoch 1 is lost']);
    expect(taken).toEqual([[1], [2, 3]]);
  });
});
