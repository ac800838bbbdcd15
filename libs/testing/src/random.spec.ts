import { seededRandom } from './random.js';

describe('seededRandom', () => {
  it('repeats itself for the same seed only', () => {
    const first = seededRandom(7);
    const second = seededRandom(7);
    expect([...first(16), ...first(16)]).toEqual([...second(16), ...second(16)]);
    expect([...seededRandom(8)(16)]).not.toEqual([...seededRandom(7)(16)]);
  });

  it('spreads over all bytes', () => {
    expect(new Set(seededRandom(1)(20_000)).size).toBe(256);
  });
});
