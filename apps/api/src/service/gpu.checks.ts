import {
  LATEST,
  checkGpuQuota,
  gpusHeld,
  sameTemplate,
  type Project,
  type Service,
  type ServiceIntent,
  type TrafficTarget,
} from '#libs/domain';
import { holdGpuQuota, namedGpus } from '#libs/store';
import type { Call } from '../call/call.js';

/**
 * Refuses an intent for which the service may hold more GPUs than before, where the quota has not so many left. Who takes no
 * more must be able to change the rest, whatever the quota has become.
 */
export async function checkHeldGpus(
  call: Call,
  project: Project,
  intent: ServiceIntent,
  before: Service | undefined,
  isAskedAnew: boolean,
): Promise<void> {
  const { template, traffic, regions } = intent;
  const isNew = isAskedAnew || before === undefined || !sameTemplate(before.template, template);
  const asked = gpusHeld(template, await named(call, before, traffic, isNew), regions);
  const had = before
    ? gpusHeld(before.template, await named(call, before, before.traffic, false), before.regions)
    : 0;
  await checkGrowth(call, project, before, { asked, had, field: 'template.resources.gpus' });
}

/**
 * The same of a split. A newest revision that it does not name gets no requests, and does not count: going back to one
 * revision asks for no more than that one.
 */
export async function checkSplitGpus(
  call: Call,
  project: Project,
  service: Service,
  traffic: readonly TrafficTarget[],
  field: string,
): Promise<void> {
  const [asked, had] = [
    await splitGpus(call, service, traffic),
    await splitGpus(call, service, service.traffic),
  ];
  await checkGrowth(call, project, service, { asked, had, field });
}

async function splitGpus(call: Call, service: Service, traffic: readonly TrafficTarget[]): Promise<number> {
  const isLatest = traffic.some(({ revision }) => revision === LATEST);
  const others = await named(call, service, traffic, !isLatest);
  return gpusHeld(isLatest ? service.template : undefined, others, service.regions);
}

async function named(
  call: Call,
  service: Service | undefined,
  traffic: readonly TrafficTarget[],
  withNewest: boolean,
): Promise<number> {
  const names = traffic.map(({ revision }) => revision).filter((revision) => revision !== LATEST);
  return service === undefined ? 0 : namedGpus(call.tx, service, names, withNewest);
}

async function checkGrowth(
  call: Call,
  { organizationId }: Project,
  service: Service | undefined,
  { asked, had, field }: { asked: number; had: number; field: string },
): Promise<void> {
  if (asked <= had) return;
  const held = await holdGpuQuota(call.tx, organizationId, service?.id);
  if (held !== undefined) checkGpuQuota(asked, held.used, held.quota, field);
}
