import { until } from './until.js';

describe('until', () => {
  it('returns what was found', async () => {
    let looks = 0;
    await expect(until(() => (++looks === 3 ? 'found' : undefined), { everyMs: 1 })).resolves.toBe('found');
  });

  it('fails with the last error as its cause', async () => {
    const refuse = (): never => {
      throw new Error('not there');
    };
    const waiting = until(refuse, { deadlineMs: 10, everyMs: 1, what: 'the file' });
    await expect(waiting).rejects.toMatchObject({
      message: 'the file did not hold within 10 ms',
      cause: new Error('not there'),
    });
  });
});
