import { until } from '#libs/testing';
import { KeyedQueue } from './keyed-queue.js';
import { createLogger } from './logger.js';

const logger = createLogger('test', 'silent');

describe('KeyedQueue', () => {
  it('never works on one key twice at a time, and once more for what came meanwhile', async () => {
    const open = new Map<string, () => void>();
    const runs: string[] = [];
    const work = (key: string): Promise<undefined> => {
      runs.push(key);
      return new Promise((resolve) => open.set(key, () => resolve(undefined)));
    };
    const queue = new KeyedQueue('test', work, 2, logger);
    for (const key of ['a', 'a', 'b', 'c', 'a']) queue.add(key);
    await until(() => runs.length === 2);
    expect(runs).toEqual(['a', 'b']);
    open.get('b')?.();
    await until(() => runs.includes('c'));
    open.get('a')?.();
    await until(() => runs.length === 4);
    expect(runs).toEqual(['a', 'b', 'c', 'a']);
    for (const release of open.values()) release();
    await queue.stop();
  });

  it('lets tenants take turns, and none have more than its share', async () => {
    const open = new Map<string, () => void>();
    const runs: string[] = [];
    const work = (key: string): Promise<undefined> => {
      runs.push(key);
      return new Promise((resolve) => open.set(key, () => resolve(undefined)));
    };
    const sharing = { tenantOf: (key: string) => key.charAt(0), each: 2 };
    const queue = new KeyedQueue('test', work, 3, logger, sharing);
    for (const key of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2']) queue.add(key);
    await until(() => runs.length === 3);
    expect(runs).toEqual(['a1', 'a2', 'b1']);
    open.get('a1')?.();
    await until(() => runs.length === 4);
    open.get('b1')?.();
    await until(() => runs.length === 5);
    expect(runs.slice(3).sort()).toEqual(['a3', 'b2']);
    for (const release of open.values()) release();
    await until(() => runs.length === 6);
    for (const release of open.values()) release();
    await queue.stop();
  });

  it('comes back to a key that failed or asked for it', async () => {
    const runs: string[] = [];
    const work = (key: string): Promise<{ againInMs: number } | undefined> => {
      runs.push(key);
      const first = runs.filter((run) => run === key).length === 1;
      if (first && key === 'fails') return Promise.reject(new Error('planted'));
      return Promise.resolve(first ? { againInMs: 1 } : undefined);
    };
    const queue = new KeyedQueue('test', work, 2, logger);
    queue.add('asks');
    queue.add('fails');
    await until(() => runs.length === 4);
    expect(runs.sort()).toEqual(['asks', 'asks', 'fails', 'fails']);
    await queue.stop();
  });
});
