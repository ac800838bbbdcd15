import { ERASURE_SETTLES_MS, advanceErasure, newErasure, nextErasureStep } from './erasure.js';

const fresh = newErasure({ organizationId: 'org_0', requestedBy: 'towpath', startedAt: 1_000 });
const settled = 1_000 + ERASURE_SETTLES_MS;
const done = { done: true, message: 'done', stores: [] };

describe('an erasure', () => {
  it('removes services at once and touches nothing else before it has settled', () => {
    expect(nextErasureStep(fresh, 1_000)).toBe('services');
    const next = advanceErasure(fresh, 'services', done, 2_000);
    expect(nextErasureStep(next, settled - 1)).toBeUndefined();
    expect(nextErasureStep(next, settled)).toBe('messages');
  });

  it('stays at a step that is not done, and says what it waits for', () => {
    const next = advanceErasure(fresh, 'services', { done: false, message: '2 left', stores: [] }, 2_000);
    expect(next.steps[0]).toEqual({ name: 'services', status: 'running', message: '2 left' });
    expect(nextErasureStep(next, settled)).toBe('services');
    expect(next).not.toHaveProperty('finishedAt');
  });

  it('ends with its last step, with one line a store', () => {
    const logs = { store: 'stream LOGS', erased: 2, held: 0 };
    let erasure = advanceErasure(fresh, 'services', done, 2_000);
    erasure = advanceErasure(erasure, 'messages', { ...done, done: false, stores: [logs] }, settled);
    for (const step of ['messages', 'blobs', 'rows'] as const)
      erasure = advanceErasure(erasure, step, { ...done, stores: [logs] }, settled + 5);
    expect(erasure.stores).toEqual([{ store: 'stream LOGS', erased: 8, held: 0 }]);
    expect(erasure.finishedAt).toBe(settled + 5);
    expect(nextErasureStep(erasure, settled + 9)).toBeUndefined();
  });
});
