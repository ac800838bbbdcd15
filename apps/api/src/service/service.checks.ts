import {
  CONTAINERS,
  GPUS,
  TowpathError,
  containerFields,
  hasGpuPrice,
  inForceAt,
  missingRevisions,
  refuseIfAny,
  revisionName,
  secretReferences,
  validateGpuUse,
  validateService,
  type Id,
  type Project,
  type Service,
  type ServiceIntent,
  type Template,
  type TrafficTarget,
  type Violation,
} from '#libs/domain';
import {
  existingRevisions,
  findPlansInForce,
  findSecret,
  findUpload,
  hasCapability,
  holdFromSweep,
  listRegions,
  usableGpuClasses,
} from '#libs/store';
import type { Call } from '../call/call.js';
import { checkHeldGpus } from './gpu.checks.js';

/**
 * Refuses an intent with all reasons at once: the rules of the domain, and what only the store knows (uploads,
 * secrets, revisions that it names).
 * @param isAskedAnew it makes a revision, also of the same template
 */
export async function checkIntent(
  call: Call,
  project: Project,
  intent: ServiceIntent,
  service?: Service,
  isAskedAnew = false,
): Promise<void> {
  refuseIfAny([
    ...validateService(intent),
    ...(await unknownRegions(call, intent.regions ?? [], service?.regions)),
    ...(await missingUpload(call, project, intent.template)),
    ...(await missingSecrets(call, project, intent.template)),
    ...(await unknownRevisions(call, project, intent.traffic, service?.id)),
    ...(await refusedGpus(call, intent.template)),
  ]);
  await checkContainers(call, intent.template);
  await checkGpus(call, intent.template);
  refuseIfAny(await unpricedGpus(call, intent.template, service?.template.resources.gpuClass));
  await checkHeldGpus(call, project, intent, service, isAskedAnew);
  await checkSuffix(call, project, intent, service?.id);
}

/** Lines that name a revision the service does not have. */
export async function unknownRevisions(
  call: Call,
  project: Project,
  traffic: readonly TrafficTarget[],
  serviceId: Id<'svc'> | undefined,
): Promise<Violation[]> {
  const names = traffic.map((line) => line.revision);
  const existing =
    serviceId === undefined
      ? new Set<string>()
      : await existingRevisions(call.tx, project.organizationId, serviceId, names);
  return missingRevisions(traffic, existing);
}

/** Only new ones are asked about: a region may lose its last cluster, and the service must still be changeable. */
async function unknownRegions(
  call: Call,
  regions: readonly string[],
  before: readonly string[] = [],
): Promise<Violation[]> {
  if (regions.every((region) => before.includes(region))) return [];
  const known = await listRegions(call.tx);
  return regions.flatMap((region, index) =>
    known.includes(region) || before.includes(region)
      ? []
      : [{ field: `regions[${index}]`, message: `there is no such region; there are ${known.join(', ')}` }],
  );
}

async function missingUpload(call: Call, project: Project, template: Template): Promise<Violation[]> {
  if (template.source === undefined) return [];
  const { uploadId } = template.source;
  await holdFromSweep(call.tx, uploadId);
  const upload = await findUpload(call.tx, project.organizationId, uploadId);
  if (upload?.projectId === project.id) return [];
  return [{ field: 'template.source.uploadId', message: 'there is no such upload in this project' }];
}

async function missingSecrets(call: Call, project: Project, template: Template): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const { field, secret: reference } of secretReferences(template)) {
    const { name, version } = reference;
    const secret = await findSecret(call.tx, project.organizationId, project.id, name);
    if (!secret)
      violations.push({ field: `${field}.name`, message: `there is no secret "${name}" in this project` });
    else if (version !== 'latest' && !secret.versions.some((one) => one.number === version)) {
      violations.push({
        field: `${field}.version`,
        message: `the secret "${name}" has no version ${version}`,
      });
    }
  }
  return violations;
}

async function checkContainers(call: Call, template: Template): Promise<void> {
  const fields = containerFields(template);
  if (fields.length === 0 || (await hasCapability(call.tx, CONTAINERS))) return;
  const names = fields.map((field) => field.replace('template.', '')).join(', ');
  throw new TowpathError('NOT_SUPPORTED', `The local runtime runs source folders only, without: ${names}.`, {
    violations: fields.map((field) => ({ field, message: 'is not supported here' })),
    nextStep: 'Deploy a source folder without it, or join a Kubernetes cluster with Knative.',
  });
}

async function refusedGpus(call: Call, { resources }: Template): Promise<Violation[]> {
  if (resources.gpuClass === undefined) return [];
  return validateGpuUse(resources, await usableGpuClasses(call.tx));
}

/** They are dear, and without a price they would cost nothing. Who has them already must be able to change the rest. */
async function unpricedGpus(call: Call, { resources }: Template, before?: string): Promise<Violation[]> {
  const { gpuClass } = resources;
  if (gpuClass === undefined || gpuClass === before) return [];
  const { tx, actor, now } = call;
  const { plan } = inForceAt(await findPlansInForce(tx, actor.organizationId, [now]), now);
  if (hasGpuPrice(plan, gpuClass)) return [];
  const message = 'has no price in your price plan: ask the operator for a plan that has one';
  return [{ field: 'template.resources.gpuClass', message }];
}

/** A class without nodes now is good: its pool may be scaled to zero, or come. */
async function checkGpus(call: Call, { resources }: Template): Promise<void> {
  if (resources.gpuClass === undefined || (await hasCapability(call.tx, GPUS))) return;
  throw new TowpathError('NOT_SUPPORTED', 'No cluster of this installation can give GPUs to instances.', {
    violations: [{ field: 'template.resources.gpuClass', message: 'is not supported here' }],
    nextStep: 'Deploy without GPUs, or join a Kubernetes cluster with Knative.',
  });
}

async function checkSuffix(
  call: Call,
  project: Project,
  intent: ServiceIntent,
  serviceId: Id<'svc'> | undefined,
): Promise<void> {
  const suffix = intent.template.revisionSuffix;
  if (suffix === undefined || serviceId === undefined) return;
  const name = revisionName(intent.name, 0, suffix);
  const taken = await existingRevisions(call.tx, project.organizationId, serviceId, [name]);
  if (!taken.has(name)) return;
  throw new TowpathError('ALREADY_EXISTS', `A revision named "${name}" exists.`, {
    violations: [{ field: 'template.revisionSuffix', message: 'is taken' }],
    nextStep: 'Choose another suffix, or leave it out.',
  });
}
