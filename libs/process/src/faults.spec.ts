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

  it('lets the clock jump at each signal, and stay after the last', () => {
    const clock = plantFaults({ TOWPATH_CLOCK_OFFSET_SECONDS: '-3600,0,7200' });
    const minutes = (): number => Math.round((clock.now() - Date.now()) / 60_000);
    const seen = [minutes()];
    for (let jump = 0; jump < 3; jump++) {
      process.emit('SIGUSR2');
      seen.push(minutes());
    }
    process.removeAllListeners('SIGUSR2');
    expect(seen).toEqual([-60, 0, 120, 120]);
  });

  it.each([
    [{ TOWPATH_CRASH_POINT: 'nowhere' }, 'TOWPATH_CRASH_POINT'],
    [{ TOWPATH_CLOCK_OFFSET_SECONDS: 'soon' }, 'TOWPATH_CLOCK_OFFSET_SECONDS'],
    [{ TOWPATH_CLOCK_OFFSET_SECONDS: '1,soon' }, 'TOWPATH_CLOCK_OFFSET_SECONDS'],
    [{ TOWPATH_CRASH_POINT: 'api.committed', NODE_ENV: 'production' }, 'TOWPATH_CRASH_POINT'],
    [{ TOWPATH_CLOCK_OFFSET_SECONDS: '1', NODE_ENV: 'production' }, 'TOWPATH_CLOCK_OFFSET_SECONDS'],
  ])('refuses %j', (env, name) => {
    expect(() => plantFaults(env)).toThrow(name);
  });
});
