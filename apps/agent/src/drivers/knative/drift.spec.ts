import type { KubeObject } from '#libs/kube';
import { isDrift, type Wish } from './drift.js';

const manifest = (percent: number): KubeObject => ({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  metadata: { name: 'one', namespace: 'prj' },
  spec: { traffic: [{ percent }] },
});
const wish = (percent: number, seen: string | undefined, applied?: string): Wish => ({
  manifest: manifest(percent),
  seen,
  applied,
});

describe('an object that does not hold what is asked for', () => {
  it.each<[string, Wish | undefined, Wish, boolean]>([
    ['was never asked for by this agent', undefined, wish(1, '7'), false],
    ['is to be another one now', wish(1, '7'), wish(2, '8'), false],
    ['is seen as it was before it was applied', wish(1, '7', '10'), wish(1, '7'), false],
    ['is seen as somebody wrote it before it was applied', wish(1, '7', '10'), wish(1, '9'), false],
    ['was made and is not seen yet', wish(1, undefined, '10'), wish(1, undefined), false],
    ['was made and then changed', wish(1, undefined, '10'), wish(1, '11'), true],
    ['was applied and then changed', wish(1, '7', '9'), wish(1, '10'), true],
    ['held it and was changed', wish(1, '9'), wish(1, '10'), true],
    ['held it and was deleted', wish(1, '9'), wish(1, undefined), true],
    ['has versions that are no numbers', wish(1, 'b'), wish(1, 'a'), true],
  ])('%s', (_what, before, now, expected) => expect(isDrift(before, now)).toBe(expected));
});
