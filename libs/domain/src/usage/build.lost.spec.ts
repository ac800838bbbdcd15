import type { Build } from '../build/build.types.js';
import { isLostBuild, lostBuild } from './build.lost.js';

const NOW = 5_000;
const open = { id: 'bld_00000000000000000001', status: 'running', createdAt: 0 } as unknown as Build;
const failed: Build = {
  ...open,
  status: 'failed',
  finishedAt: 1,
  error: { code: 'BUILD_FAILED', message: 'No.' },
};
const succeeded: Build = { ...open, status: 'succeeded', finishedAt: 1 };

it.each<[boolean, string]>([
  [true, 'UNAVAILABLE'],
  [false, 'DEADLINE_EXCEEDED'],
])('ends one of which no end will be heard, the cluster gone: %s', (isClusterGone, code) => {
  const ended = lostBuild(open, isClusterGone, NOW);
  expect(ended).toMatchObject({ status: 'failed', finishedAt: NOW, error: { code } });
  expect(ended.error).toMatchObject({ violations: [{ field: 'template.source' }] });
  expect(ended.error?.nextStep).toBeTruthy();
  expect([isLostBuild(ended), isLostBuild(open)]).toEqual([true, false]);
});

it.each([failed, succeeded])('leaves one as it ended: %j', (build) => {
  expect(lostBuild(build, true, NOW)).toBe(build);
  expect(isLostBuild(build)).toBe(false);
});
