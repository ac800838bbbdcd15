import { createLogger } from './logger.js';
import { Loop } from './loop.js';

const logger = createLogger('test', 'silent');

describe('Loop', () => {
  it('never overlaps and runs once more for wakes that came while it ran', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    let release: () => void = () => undefined;
    const loop = new Loop(
      'test',
      60_000,
      async () => {
        running += 1;
        runs += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => (release = resolve));
        running -= 1;
      },
      logger,
    );
    loop.start();
    await new Promise((resolve) => setImmediate(resolve));
    loop.wake();
    loop.wake();
    release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(runs).toBe(2);
    release();
    await loop.stop();
    expect(most).toBe(1);
    expect(runs).toBe(2);
  });

  it('goes on after a run that throws', async () => {
    let runs = 0;
    const second = new Promise<void>((resolve) => {
      const loop = new Loop(
        'test',
        1,
        () => {
          runs += 1;
          if (runs === 1) throw new Error('planted');
          resolve();
          void loop.stop();
          return Promise.resolve();
        },
        logger,
      );
      loop.start();
    });
    await second;
    expect(runs).toBe(2);
  });
});
