import {
  LATEST,
  checkGpuQuota,
  followsLatest,
  gpusHeld,
  sameTemplate,
  type GpuUse,
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
  const isNew = isAskedAnew || before === undefined || !sameTemplate(before.template, intent.template);
  const asked = await heldGpus(call, before, intent, isNew);
  const had = before ? await heldGpus(call, before, before) : 0;
  await checkGrowth(call, project, before, { asked, had, field: 'template.resources.gpus' });
}

/** The same of a split: going back to one revision asks for no more than that one. */
export async function checkSplitGpus(
  call: Call,
  project: Project,
  service: Service,
  traffic: readonly TrafficTarget[],
  field: string,
): Promise<void> {
  const asked = await heldGpus(call, service, { ...service, traffic });
  const had = await heldGpus(call, service, service);
  await checkGrowth(call, project, service, { asked, had, field });
}

/** @param isNew what the template asks for is another revision than the newest one that is there */
async function heldGpus(
  call: Call,
  service: Service | undefined,
  use: GpuUse,
  isNew = false,
): Promise<number> {
  const names = use.traffic.map(({ revision }) => revision).filter((revision) => revision !== LATEST);
  // a name of the newest one is the same revision
  const withNewest = isNew || !followsLatest(use.traffic);
  const named = service === undefined ? 0 : await namedGpus(call.tx, service, names, withNewest);
  return gpusHeld(use, named);
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
