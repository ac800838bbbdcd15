import type { Id } from '#libs/domain';
import { SteppedClock } from '#libs/testing';
import { RemovalGuard } from './removal.guard.js';

const service = (n: number): Id<'svc'> => `svc_${String(n).padStart(20, '0')}`;
const wave = (count: number): Id<'svc'>[] => Array.from({ length: count }, (_, n) => service(n));

describe('RemovalGuard', () => {
  let clock: SteppedClock;
  let guard: RemovalGuard;
  beforeEach(() => {
    clock = new SteppedClock();
    guard = new RemovalGuard(clock, 5000);
  });

  it.each([
    [9, 9, 'go'],
    [10, 50, 'go'],
    [10, 49, 'held'],
    [20, 1000, 'go'],
    [1000, 1000, 'held'],
  ] as const)('a wave of %i of %i services: %s', (count, services, verdict) => {
    for (const id of wave(count)) guard.note(id);
    expect(guard.verdict(service(0), services)).toBe('wait');
    clock.step(5000);
    expect(guard.verdict(service(0), services)).toBe(verdict);
  });

  it('waits for the last of a wave', () => {
    guard.note(service(1));
    clock.step(4000);
    guard.note(service(2));
    clock.step(4000);
    expect(guard.verdict(service(1), 100)).toBe('wait');
    clock.step(1000);
    expect(guard.verdict(service(1), 100)).toBe('go');
  });

  it('counts what a slow wave has taken already, for ten minutes', () => {
    const take = (from: number, count: number): string => {
      for (let n = from; n < from + count; n += 1) guard.note(service(n));
      clock.step(5000);
      const verdict = guard.verdict(service(from), 20 - from);
      if (verdict === 'go') for (let n = from; n < from + count; n += 1) guard.settle(service(n), true);
      return verdict;
    };
    expect(take(0, 9)).toBe('go');
    expect(take(9, 1)).toBe('held');
    guard.settle(service(9), false);
    clock.step(600_000);
    expect(take(10, 1)).toBe('go');
  });

  it('holds a wave until each of it is settled', () => {
    for (const id of wave(10)) guard.note(id);
    clock.step(5000);
    expect(guard.verdict(service(0), 10)).toBe('held');
    guard.settle(service(0), true);
    expect(guard.verdict(service(1), 9)).toBe('held');
    guard.settle(service(1), false);
    guard.note(service(1));
    clock.step(5000);
    expect(guard.verdict(service(1), 100)).toBe('go');
  });

  it('lets an operator’s removal wait for the last requests, however many there are, and anew when it comes again', () => {
    for (const id of wave(30)) expect(guard.graceOf(id)).toBe(5000);
    clock.step(3000);
    expect(guard.graceOf(service(0))).toBe(2000);
    clock.step(9000);
    expect(guard.graceOf(service(0))).toBe(0);
    guard.settle(service(0), false);
    expect(guard.graceOf(service(0))).toBe(5000);
    // no wave of derived ones grows by them
    guard.note(service(40));
    clock.step(5000);
    expect(guard.verdict(service(40), 31)).toBe('go');
  });
});
