import {
  pinLatest,
  plannedSteps,
  sameTemplate,
  sameTraffic,
  type OperationKind,
  type Project,
} from '#libs/domain';
import type { Service, ServiceIntent } from '#libs/domain';
import { insertOperation, insertTrafficChange, updateIntent, lockService } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { checkVersion, notFound } from '../call/not-found.js';
import { showOperation, type OperationView } from '../operation/operation.view.js';

/** Locks the service and checks the version the caller read. */
export async function lockForChange(
  call: CommandCall,
  service: Service,
  version: string | undefined,
): Promise<Service> {
  const locked = await lockService(call.tx, service.organizationId, service.id);
  if (!locked) throw notFound('service');
  checkVersion(version, locked.version);
  return locked;
}

/**
 * Writes a changed intent with all that belongs to it: traffic row, operation, message, audit row.
 * @param isAskedAnew a new revision even of the same template: what it refers to may have changed
 */
export async function writeIntent(
  call: CommandCall,
  project: Project,
  before: Service,
  intent: ServiceIntent,
  kind: OperationKind,
  isAskedAnew = false,
): Promise<OperationView> {
  const newTemplate = isAskedAnew || !sameTemplate(before.template, intent.template);
  const after = await updateIntent(call.tx, before, intent, newTemplate, call.now);
  const from = newTemplate ? servedBefore(before) : before.traffic;
  const [operation] = await Promise.all([
    startOperation(call, project, after, newTemplate ? 'deploy' : kind, newTemplate),
    sameTraffic(from, after.traffic) ? undefined : writeTrafficChange(call, after, from),
    call.audit(after.id, { before: auditOf(before), after: auditOf(after) }),
  ]);
  return operation;
}

/** The split in words that still mean the same once `latest` has moved to a new revision. */
function servedBefore({ traffic, status }: Service): Service['traffic'] {
  const ready = status.latestReadyRevision;
  return ready === undefined ? traffic : pinLatest(traffic, ready);
}

/** Writes the next numbered row of a service's traffic. */
export async function writeTrafficChange(
  call: CommandCall,
  service: Service,
  from: Service['traffic'],
): Promise<void> {
  await insertTrafficChange(call.tx, service.organizationId, {
    serviceId: service.id,
    actorId: call.actor.id,
    from,
    to: service.traffic,
    createdAt: call.now,
  });
}

/** Writes the operation that a client follows and the message that wakes the deployer. */
export async function startOperation(
  call: CommandCall,
  project: Project,
  service: Service,
  kind: OperationKind,
  newTemplate: boolean,
): Promise<OperationView> {
  const { organizationId, projectId, id: serviceId, generation } = service;
  const inserted = insertOperation(call.tx, {
    id: call.newId('op'),
    organizationId,
    projectId,
    serviceId,
    kind,
    generation,
    steps: plannedSteps(kind, newTemplate),
    createdAt: call.now,
  });
  const [operation] = await Promise.all([inserted, call.servicesChanged([serviceId])]);
  return showOperation({ ...operation, projectHandle: project.handle, serviceName: service.name });
}

/** What the audit keeps of an intent: no environment values, since people put passwords there. */
export function auditOf(service: Service): Record<string, unknown> {
  const { name, access, minInstances, regions, rollout, traffic, generation, template } = service;
  const env = template.env.map((entry) => entry.name);
  return {
    name,
    access,
    minInstances,
    ...(regions ? { regions } : {}),
    ...(rollout ? { rollout } : {}),
    traffic,
    generation,
    template: { ...template, env },
  };
}
