import { advanceOperation, failOperation, makesRevision } from '#libs/domain';
import type { Operation, OperationStepName, PublicError, StepFact } from '#libs/domain';
import type { Draft } from './draft.js';
import { placementFact } from './placement.step.js';
import { readyFact } from './ready.step.js';

/** Steps have deadlines; when nothing else happens the next look at them is at most this far away. */
const LOOK_AGAIN_MS = 15_000;

const SUPERSEDED: PublicError = {
  code: 'FAILED_PRECONDITION',
  message: 'A newer change took its place before its revision was made.',
  nextStep: 'Look at the newest operation of the service.',
};

const DELETED: PublicError = {
  code: 'FAILED_PRECONDITION',
  message: 'The service was deleted.',
  nextStep: 'Create the service again if it is still needed.',
};

/** Advances every open operation of the service by what this pass found. */
export function operationsStep(draft: Draft): void {
  draft.operations = draft.operations.map((operation) => advanced(draft, operation));
  if (draft.operations.some((operation) => operation.finishedAt === undefined)) draft.wakeIn(LOOK_AGAIN_MS);
}

function advanced(draft: Draft, operation: Operation): Operation {
  const { service, now } = draft;
  if (operation.kind === 'delete')
    return advanceOperation(operation, facts(draft, ['gateways', 'removal']), now);
  if (service.deletedAt !== undefined) return failOperation(operation, DELETED, now);
  if (!makesRevision(operation))
    return advanceOperation(operation, facts(draft, ['traffic', 'gateways']), now);
  if (operation.generation === draft.records.templateGeneration) {
    const steps: OperationStepName[] = ['build', 'revision', 'placement', 'ready', 'traffic', 'gateways'];
    return advanceOperation(operation, facts(draft, steps), now);
  }
  return overtaken(draft, operation);
}

/** A newer template came: the operation shares its own revision's fate, or has none when that was never made. */
function overtaken(draft: Draft, operation: Operation): Operation {
  const own = draft.revisionOf(operation.generation);
  if (!own) return failOperation(operation, SUPERSEDED, draft.now);
  const built: StepFact = { name: 'build', status: 'succeeded', message: 'The image is there.' };
  const made: StepFact = { name: 'revision', status: 'succeeded', message: `Revision ${own.name}.` };
  return advanceOperation(
    operation,
    [built, made, placementFact(draft, own.name), readyFact(own)],
    draft.now,
  );
}

function facts(draft: Draft, names: readonly OperationStepName[]): StepFact[] {
  return names.map((name) => draft.fact(name));
}
