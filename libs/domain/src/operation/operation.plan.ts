import type { OperationKind, OperationStep, OperationStepName } from './operation.types.js';

/** How long a step may run before the operation fails with DEADLINE_EXCEEDED; the work itself goes on. */
export const STEP_DEADLINES_MS: Readonly<Record<OperationStepName, number>> = {
  build: 15 * 60_000,
  revision: 60_000,
  placement: 60_000,
  ready: 5 * 60_000,
  traffic: 5 * 60_000,
  gateways: 60_000,
  removal: 5 * 60_000,
};

/** The steps a new operation starts with, all pending. `newTemplate`: whether it makes a revision. */
export function plannedSteps(kind: OperationKind, newTemplate: boolean): OperationStep[] {
  return stepsOf(kind, newTemplate).map((name) => ({ name, status: 'pending', message: '' }));
}

/** Whether the operation was planned to make a revision of its own. */
export function makesRevision(operation: { steps: readonly OperationStep[] }): boolean {
  return operation.steps.some((step) => step.name === 'revision');
}

function stepsOf(kind: OperationKind, newTemplate: boolean): OperationStepName[] {
  if (kind === 'delete') return ['gateways', 'removal'];
  if (newTemplate) return ['build', 'revision', 'placement', 'ready', 'traffic', 'gateways'];
  return ['traffic', 'gateways'];
}
