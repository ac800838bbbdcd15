import { createLogger } from '#libs/process';
import { until } from '#libs/testing';
import { Owners } from './owners.js';

const logger = createLogger('test', 'silent');

/** Owners that remember what they asked for and whom they let go on. */
function rig(answer: (ids: string[]) => Promise<Map<string, string>>) {
  const asked: string[][] = [];
  const ready: string[] = [];
  const find = (ids: string[]): Promise<Map<string, string>> => {
    asked.push(ids);
    return answer(ids);
  };
  const owners = new Owners(find, (id) => ready.push(id), logger);
  return { asked, ready, owners };
}

const letter = (ids: string[]): Promise<Map<string, string>> =>
  Promise.resolve(new Map(ids.filter((id) => id !== 'gone').map((id) => [id, id.charAt(0)])));

describe('owners of services', () => {
  it('are looked up together, once', async () => {
    const { asked, ready, owners } = rig(letter);
    for (const id of ['a1', 'b1', 'gone', 'a1']) owners.wake(id);
    await until(() => ready.length === 3);
    expect(asked).toEqual([['a1', 'b1', 'gone']]);
    expect(['a1', 'b1', 'gone'].map((id) => owners.of(id))).toEqual(['a', 'b', '']);
    owners.wake('a1');
    expect(ready.at(-1)).toBe('a1');
    expect(asked).toHaveLength(1);
  });

  it('that cannot be looked up hold no work up', async () => {
    const { ready, owners } = rig(() => Promise.reject(new Error('away')));
    owners.wake('a1');
    await until(() => ready.length === 1);
    expect(owners.of('a1')).toBe('');
  });
});
