import type { PublicError } from '../error.js';
import type { Id } from '../id.js';

export const OPERATION_KINDS = ['deploy', 'update', 'traffic', 'rollback', 'delete'] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

/** A long-running change a client can follow. */
export interface Operation {
  id: Id<'op'>;
  organizationId: Id<'org'>;
  projectId: Id<'prj'>;
  serviceId: Id<'svc'>;
  kind: OperationKind;
  /** The intent generation of the service that this operation waits for. */
  generation: number;
  status: 'pending' | 'running' | 'succeeded' | 'failed';
  steps: OperationStep[];
  /** Why it failed: cause, field, next step. */
  error?: PublicError;
  createdAt: number;
  finishedAt?: number;
  version: number;
}

/** Steps in the order they run; a step that is not needed is absent. */
export const OPERATION_STEPS = [
  'build',
  'revision',
  'placement',
  'ready',
  'traffic',
  'gateways',
  'removal',
] as const;
export type OperationStepName = (typeof OPERATION_STEPS)[number];

export interface OperationStep {
  name: OperationStepName;
  status: 'pending' | 'running' | 'succeeded' | 'failed';
  message: string;
  startedAt?: number;
  finishedAt?: number;
}
