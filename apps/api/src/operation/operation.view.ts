import {
  ERROR_CODES,
  OPERATION_KINDS,
  OPERATION_STEPS,
  type ErrorCode,
  type OperationStep,
} from '#libs/domain';
import type { NamedOperation } from '#libs/store';
import { z } from 'zod';
import { iso, isoIf } from '../call/scalars.js';
import { projectRef } from '../project/project.view.js';

const statusSchema = z.enum(['pending', 'running', 'succeeded', 'failed']).meta({ id: 'OperationStatus' });

export const publicErrorView = z
  .object({
    code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]).meta({ id: 'ErrorCode' }),
    message: z.string(),
    violations: z
      .array(z.object({ field: z.string(), message: z.string() }).meta({ id: 'Violation' }))
      .optional(),
    nextStep: z.string().optional(),
  })
  .meta({ id: 'PublicError' });

export const operationView = z
  .object({
    id: z.string(),
    project: projectRef,
    service: z.object({ id: z.string(), name: z.string() }).meta({ id: 'ServiceRef' }),
    kind: z.enum(OPERATION_KINDS).meta({ id: 'OperationKind' }),
    status: statusSchema,
    steps: z.array(
      z
        .object({
          name: z.enum(OPERATION_STEPS).meta({ id: 'OperationStepName' }),
          status: statusSchema,
          message: z.string(),
          startedAt: z.string().optional(),
          finishedAt: z.string().optional(),
        })
        .meta({ id: 'OperationStep' }),
    ),
    error: publicErrorView.optional(),
    createdAt: z.string(),
    finishedAt: z.string().optional(),
    version: z.string(),
  })
  .meta({ id: 'Operation', description: 'A long-running change a client can follow.' });

export type OperationView = z.infer<typeof operationView>;

export function showOperation(operation: NamedOperation): OperationView {
  const { id, kind, status, steps, error, createdAt, version } = operation;
  return {
    id,
    project: { id: operation.projectId, handle: operation.projectHandle },
    service: { id: operation.serviceId, name: operation.serviceName },
    kind,
    status,
    steps: steps.map(showStep),
    ...(error === undefined ? {} : { error }),
    createdAt: iso(createdAt),
    ...isoIf('finishedAt', operation.finishedAt),
    version: String(version),
  };
}

function showStep(step: OperationStep): OperationView['steps'][number] {
  const { name, status, message } = step;
  return {
    name,
    status,
    message,
    ...isoIf('startedAt', step.startedAt),
    ...isoIf('finishedAt', step.finishedAt),
  };
}
