import type { PublicError } from '../error.js';
import { same } from '../canonical.js';
import { STEP_DEADLINES_MS } from './operation.plan.js';
import type { Operation, OperationStep, OperationStepName } from './operation.types.js';

/** What is true of a step now, as far as it concerns an operation. */
export interface StepFact {
  name: OperationStepName;
  status: 'running' | 'succeeded' | 'failed';
  message: string;
  /** Why it failed; of a running step: what to say when its deadline passes (default DEADLINE_EXCEEDED). */
  error?: PublicError;
}

/**
 * Brings an operation to the facts, which are its steps in order: a step behind one that has not succeeded is
 * pending; a failed one, or a running one past its deadline, fails the operation; when all have succeeded it has.
 * Returns the same object when nothing changed.
 */
export function advanceOperation(operation: Operation, facts: readonly StepFact[], now: number): Operation {
  const steps: OperationStep[] = [];
  let failure: PublicError | undefined;
  let open = false;
  for (const fact of facts) {
    const before = operation.steps.find((step) => step.name === fact.name);
    const judged: Judged = open ? pending(fact) : withDeadline(fact, before, now);
    if (judged.status === 'failed') failure = judged.error ?? lateError(fact);
    open ||= judged.status !== 'succeeded';
    steps.push(timed(judged, before, now));
  }
  const status = failure ? 'failed' : open ? 'running' : 'succeeded';
  return changed(operation, { ...operation, steps, status, ...(failure ? { error: failure } : {}) }, now);
}

/** Ends an operation that can no longer be carried out. */
export function failOperation(operation: Operation, error: PublicError, now: number): Operation {
  const current = operation.steps.find((step) => step.status !== 'succeeded')?.name;
  const steps = operation.steps.map((step) =>
    step.name === current
      ? { ...step, status: 'failed' as const, message: error.message, finishedAt: now }
      : step,
  );
  return changed(operation, { ...operation, steps, status: 'failed', error }, now);
}

interface Judged {
  name: OperationStepName;
  status: OperationStep['status'];
  message: string;
  error?: PublicError;
}

function pending(fact: StepFact): Judged {
  return { name: fact.name, status: 'pending', message: '' };
}

function withDeadline(fact: StepFact, before: OperationStep | undefined, now: number): Judged {
  const since = before?.status === 'running' ? before.startedAt : undefined;
  if (fact.status !== 'running' || since === undefined) return fact;
  if (now - since <= STEP_DEADLINES_MS[fact.name]) return fact;
  return { ...fact, status: 'failed', error: fact.error ?? lateError(fact) };
}

function lateError(fact: StepFact): PublicError {
  return {
    code: 'DEADLINE_EXCEEDED',
    message: `Step "${fact.name}" did not end in time: ${fact.message}`,
    nextStep: 'Towpath goes on trying; look at the service again later, or change it.',
  };
}

function timed(judged: Judged, before: OperationStep | undefined, now: number): OperationStep {
  const { name, status, message } = judged;
  if (status === 'pending') return { name, status, message };
  const startedAt = before?.startedAt ?? now;
  if (status === 'running') return { name, status, message, startedAt };
  const ended = before?.status === status ? before.finishedAt : undefined;
  return { name, status, message, startedAt, finishedAt: ended ?? now };
}

function changed(before: Operation, after: Operation, now: number): Operation {
  if (same(before, after)) return before;
  const ended = after.status === 'succeeded' || after.status === 'failed';
  return { ...after, version: before.version + 1, ...(ended ? { finishedAt: now } : {}) };
}
