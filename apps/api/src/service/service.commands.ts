import {
  DEFAULT_TRAFFIC,
  SERVICE_DEFAULTS,
  TowpathError,
  initialServiceStatus,
  newTemplate,
  patchService,
  pinLatest,
  tagLatest,
  type Service,
  type ServiceIntent,
  type ServicePatch,
  type TemplatePatch,
  type TrafficTarget,
} from '#libs/domain';
import { deleteService as deleteStored, insertService } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import type { OperationView } from '../operation/operation.view.js';
import { heldProjectOf } from '../project/project.queries.js';
import { checkIntent } from './service.checks.js';
import { auditOf, lockForChange, startOperation, writeIntent, writeTrafficChange } from './service.change.js';
import { serviceOf, type ServiceRef } from './service.queries.js';

export interface CreateServiceInput extends Omit<ServicePatch, 'template'> {
  project: string;
  name: string;
  template: TemplatePatch;
  tag?: string | undefined;
}

/** Makes a service; its first revision follows from its template. */
export async function createService(call: CommandCall, input: CreateServiceInput): Promise<OperationView> {
  const project = await heldProjectOf(call, input.project);
  const intent = newIntent(input);
  await checkIntent(call, project, intent);
  const service = await insertService(call.tx, {
    ...intent,
    id: call.newId('svc'),
    organizationId: project.organizationId,
    projectId: project.id,
    createdAt: call.now,
    status: initialServiceStatus(),
  });
  const [operation] = await Promise.all([
    startOperation(call, project, service, 'deploy', true),
    writeTrafficChange(call, service, []),
    call.audit(service.id, { after: auditOf(service) }),
  ]);
  return operation;
}

function newIntent(input: CreateServiceInput): ServiceIntent {
  const traffic = input.traffic ?? DEFAULT_TRAFFIC;
  return {
    name: input.name,
    access: input.access ?? SERVICE_DEFAULTS.access,
    minInstances: input.minInstances ?? SERVICE_DEFAULTS.minInstances,
    ...(input.regions && input.regions.length > 0 ? { regions: input.regions } : {}),
    rollout: input.rollout ?? SERVICE_DEFAULTS.rollout,
    template: newTemplate(input.template),
    traffic: input.tag === undefined ? [...traffic] : tagLatest(traffic, input.tag),
  };
}

export interface UpdateServiceInput extends ServiceRef, ServicePatch {
  tag?: string | undefined;
  noTraffic?: boolean | undefined;
  version?: string | undefined;
}

/** Changes a service; a changed template makes a new revision, anything else makes none. */
export async function updateService(call: CommandCall, input: UpdateServiceInput): Promise<OperationView> {
  const { service, project } = await serviceOf(call, input);
  const before = await lockForChange(call, service, input.version);
  const patched = patchService(before, input);
  const intent = { ...patched, traffic: changedTraffic(before, patched.traffic, input) };
  // A tag may name another image today.
  const isAskedAnew = typeof input.template?.image === 'string';
  await checkIntent(call, project, intent, before, isAskedAnew);
  return writeIntent(call, project, before, intent, 'update', isAskedAnew);
}

function changedTraffic(
  before: Service,
  traffic: TrafficTarget[],
  input: UpdateServiceInput,
): TrafficTarget[] {
  const kept = input.noTraffic ? pinLatest(traffic, readyRevision(before)) : traffic;
  return input.tag === undefined ? kept : tagLatest(kept, input.tag);
}

function readyRevision(service: Service): string {
  const ready = service.status.latestReadyRevision;
  if (ready !== undefined) return ready;
  throw new TowpathError(
    'FAILED_PRECONDITION',
    'No revision of the service is ready, so traffic cannot stay on one.',
    {
      violations: [{ field: 'noTraffic', message: 'needs a ready revision' }],
      nextStep: 'Deploy without it first.',
    },
  );
}

/** Marks a service deleted; the operation ends when nothing of it is left. */
export async function deleteService(
  call: CommandCall,
  input: ServiceRef & { version?: string | undefined },
): Promise<OperationView> {
  const { service, project } = await serviceOf(call, input);
  const before = await lockForChange(call, service, input.version);
  const deleted = await deleteStored(call.tx, before, call.now);
  await call.audit(before.id, { before: auditOf(before) });
  return startOperation(call, project, deleted, 'delete', false);
}
