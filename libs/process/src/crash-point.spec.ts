import { jest } from '@jest/globals';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { CRASH_POINTS, armCrashPoints, crashPoint, parseCrashPoints } from './crash-point.js';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** Every point that stands in the code, by its name. */
function standing(): string[] {
  const rooms = ['apps', 'libs'].flatMap((kind) =>
    readdirSync(path.join(ROOT, kind)).map((room) => path.join(ROOT, kind, room, 'src')),
  );
  return rooms
    .filter((room) => existsSync(room))
    .flatMap((room) =>
      readdirSync(room, { recursive: true, encoding: 'utf8' }).map((file) => path.join(room, file)),
    )
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/crashPoint\('([a-z.]+)'\)/g)])
    .map((match) => match[1] as string);
}

describe('crash points', () => {
  afterEach(() => {
    jest.restoreAllMocks();
    armCrashPoints([]);
  });

  it('stand in the code once each, all of them', () => {
    expect(standing().sort()).toEqual(Object.keys(CRASH_POINTS).sort());
  });

  it.each([
    ['api.committed', [{ point: 'api.committed', hits: 1, signal: 'SIGKILL' }]],
    ['gateway.read:12', [{ point: 'gateway.read', hits: 12, signal: 'SIGKILL' }]],
    [
      'billing.read:stop,billing.copied:2:stop',
      [
        { point: 'billing.read', hits: 1, signal: 'SIGSTOP' },
        { point: 'billing.copied', hits: 2, signal: 'SIGSTOP' },
      ],
    ],
    ['gateway.read:0', undefined],
    ['toString', undefined],
    ['api.committed:2:3', undefined],
    ['api.committed,', undefined],
    ['api.committed:stopped', undefined],
    ['', undefined],
  ])('reads %j', (text, expected) => {
    expect(parseCrashPoints(text)).toEqual(expected);
  });

  it('kills or stops at their hits only, and nothing when none is armed', () => {
    const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
    crashPoint('api.committed');
    armCrashPoints([
      { point: 'api.committed', hits: 2, signal: 'SIGKILL' },
      { point: 'billing.read', hits: 1, signal: 'SIGSTOP' },
    ]);
    crashPoint('api.working');
    crashPoint('api.committed');
    expect(kill).not.toHaveBeenCalled();
    crashPoint('billing.read');
    crashPoint('api.committed');
    crashPoint('api.committed');
    expect(kill.mock.calls).toEqual([
      [process.pid, 'SIGSTOP'],
      [process.pid, 'SIGKILL'],
    ]);
  });
});
