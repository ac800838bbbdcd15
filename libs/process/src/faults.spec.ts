import { armCrashPoints } from './crash-point.js';
import { plantFaults } from './faults.js';
import { systemClock } from './time.js';

describe('planted faults', () => {
  afterEach(() => armCrashPoints([]));

  it('are none without being asked for', () => {
    expect(plantFaults({ NODE_ENV: 'production' })).toBe(systemClock);
  });

  it('moves the clock', () => {
    const off = plantFaults({ TOWPATH_CLOCK_OFFSET_SECONDS: '-3600' }).now() - Date.now();
    expect(Math.round(off / 60_000)).toBe(-60);
  });

  it.each([
    [{ TOWPATH_CRASH_POINT: 'nowhere' }, 'TOWPATH_CRASH_POINT'],
    [{ TOWPATH_CLOCK_OFFSET_SECONDS: 'soon' }, 'TOWPATH_CLOCK_OFFSET_SECONDS'],
    [{ TOWPATH_CRASH_POINT: 'api.committed', NODE_ENV: 'production' }, 'TOWPATH_CRASH_POINT'],
    [{ TOWPATH_CLOCK_OFFSET_SECONDS: '1', NODE_ENV: 'production' }, 'TOWPATH_CLOCK_OFFSET_SECONDS'],
  ])('refuses %j', (env, name) => {
    expect(() => plantFaults(env)).toThrow(name);
  });
});
