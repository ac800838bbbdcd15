import type { Id } from '../id.js';

/** What an erasure does, in this order; rows go last, because they say what else there is. */
export const ERASURE_STEPS = ['services', 'messages', 'blobs', 'rows'] as const;
export type ErasureStepName = (typeof ERASURE_STEPS)[number];

/**
 * Nothing but services is erased before this long after the start: credentials of the organization are believed for
 * some seconds more, and what they still write has to be found.
 */
export const ERASURE_SETTLES_MS = 10_000;

export interface ErasureStep {
  name: ErasureStepName;
  status: 'pending' | 'running' | 'succeeded';
  message: string;
}

/** What became of one store. */
export interface ErasedStore {
  /** `table services`, `bucket routes`, `stream LOGS`, `blobs`. */
  store: string;
  /** Things that are gone. */
  erased: number;
  /** Things that stay, with ids, times and numbers only. */
  held: number;
}

/** The end of an organization: every store is gone through once. Times in UTC ms. */
export interface Erasure {
  organizationId: Id<'org'>;
  /** Id of the operator who asked, or `towpath` when the hold had ended. */
  requestedBy: string;
  /** The operator's words. */
  reason?: string;
  steps: ErasureStep[];
  stores: ErasedStore[];
  startedAt: number;
  finishedAt?: number;
}

/** An erasure of which nothing is done yet. */
export function newErasure(
  of: Pick<Erasure, 'organizationId' | 'requestedBy' | 'startedAt'> & { reason?: string | undefined },
): Erasure {
  const { reason, ...rest } = of;
  const steps = ERASURE_STEPS.map((name) => ({ name, status: 'pending' as const, message: '' }));
  return { ...rest, ...(reason === undefined ? {} : { reason }), steps, stores: [] };
}

/** What a step's work said: how far it is, and what of which store is gone or stays. */
export interface StepProgress {
  done: boolean;
  message: string;
  stores: readonly ErasedStore[];
}

/** The step that has work now; undefined when it must still settle or everything is done. */
export function nextErasureStep(erasure: Erasure, now: number): ErasureStepName | undefined {
  const next = erasure.steps.find(({ status }) => status !== 'succeeded')?.name;
  return next === 'services' || now >= erasure.startedAt + ERASURE_SETTLES_MS ? next : undefined;
}

/** The erasure after some work on a step; ended when it was the last one. */
export function advanceErasure(
  erasure: Erasure,
  step: ErasureStepName,
  progress: StepProgress,
  now: number,
): Erasure {
  const { done, message } = progress;
  const status = done ? 'succeeded' : 'running';
  const steps = erasure.steps.map((one): ErasureStep =>
    one.name === step ? { name: step, status, message } : one,
  );
  const isEnd = steps.every((one) => one.status === 'succeeded');
  const stores = addedUp([...erasure.stores, ...progress.stores]);
  return { ...erasure, steps, stores, ...(isEnd ? { finishedAt: now } : {}) };
}

/** One line a store, in the order in which they came. */
function addedUp(list: readonly ErasedStore[]): ErasedStore[] {
  const stores = new Map<string, ErasedStore>();
  for (const { store, erased, held } of list) {
    const before = stores.get(store);
    stores.set(store, { store, erased: (before?.erased ?? 0) + erased, held: (before?.held ?? 0) + held });
  }
  return [...stores.values()];
}
