import { LONGEST_BUILD_MS, billableBuild, type EndedBuild } from './build.time.js';

const KNOWN = { startMs: 1_000, endMs: 9_000 };
const TOOK = { startedAt: 2_000, endedAt: 7_500 };

it.each<[string, EndedBuild, [number, number] | undefined]>([
  ['one that succeeded', { phase: 'succeeded', ...TOOK }, [2_000, 7_500]],
  ['one whose source was at fault', { phase: 'failed', code: 'BUILD_FAILED', ...TOOK }, [2_000, 7_500]],
  ['one that failed on our side', { phase: 'failed', code: 'INTERNAL', ...TOOK }, undefined],
  ['one that failed without a word', { phase: 'failed', ...TOOK }, undefined],
  ['one that runs', { phase: 'running', startedAt: 2_000 }, undefined],
  ['one of an agent that says no times', { phase: 'succeeded' }, undefined],
  ['one that took nothing', { phase: 'succeeded', startedAt: 2_000, endedAt: 2_000 }, [2_000, 2_001]],
  ['a clock that is behind', { phase: 'succeeded', startedAt: -8_000, endedAt: -2_500 }, [1_000, 6_500]],
  ['a clock that is ahead', { phase: 'succeeded', startedAt: 12_000, endedAt: 17_500 }, [3_500, 9_000]],
  ['a clock a little ahead', { phase: 'succeeded', startedAt: 5_000, endedAt: 10_500 }, [3_500, 9_000]],
  ['a clock that jumped ahead', { phase: 'succeeded', startedAt: 2_000, endedAt: 90_000 }, [1_000, 9_000]],
  ['a clock that went back', { phase: 'succeeded', startedAt: 5_000, endedAt: 2_000 }, [5_000, 5_001]],
])('%s', (_name, build, expected) => {
  const billable = billableBuild(build, KNOWN);
  expect(billable && [billable.startMs, billable.endMs]).toEqual(expected);
});

it('is never empty, also when its end was heard of at once', () => {
  const known = { startMs: 1_000, endMs: 1_000 };
  expect(billableBuild({ phase: 'succeeded', ...TOOK }, known)).toEqual({ startMs: 1_000, endMs: 1_001 });
});

it('is no longer than a build can cost, however long its agent took', () => {
  const known = { startMs: 1_000, endMs: 10 * LONGEST_BUILD_MS };
  const took = { startedAt: 2_000, endedAt: 5 * LONGEST_BUILD_MS };
  const billable = billableBuild({ phase: 'succeeded', ...took }, known);
  expect(billable).toEqual({ startMs: 2_000, endMs: 2_000 + LONGEST_BUILD_MS });
});
