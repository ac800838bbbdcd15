import { same } from '../canonical.js';
import { SERVICE_DEFAULTS, TEMPLATE_DEFAULTS } from './service.defaults.js';
import { patchContainer, type ContainerPatch } from './container.patch.js';
import { patchEnv, patched, type EnvPatch, type Patch } from './env.patch.js';
import { keptPullSecret, referenceOf, type AskedSecret } from './secret.patch.js';
import { patchSidecars, type SidecarPatch } from './sidecar.patch.js';
import type { Resources, Template } from './service.types.js';
import type { ServiceIntent } from './service.validation.js';

export type TemplatePatch = Patch<
  Omit<Template, 'env' | 'resources' | 'pullSecret' | 'sidecars' | keyof ContainerPatch>
> &
  ContainerPatch & {
    pullSecret?: AskedSecret | null | undefined;
    env?: readonly EnvPatch[] | null | undefined;
    resources?: Patch<Resources> | null | undefined;
    sidecars?: readonly SidecarPatch[] | null | undefined;
  };

export type ServicePatch = Patch<
  Pick<ServiceIntent, 'access' | 'minInstances' | 'regions' | 'rollout' | 'traffic'>
> & {
  template?: TemplatePatch | undefined;
};

/** Lays a patch over a template. A suffix for a revision's name is used once, so it never carries over. */
export function patchTemplate(template: Template, patch: TemplatePatch): Template {
  const { source, image, env, resources, command, pullSecret, revisionSuffix } = patch;
  const next: Template = {
    env: env === null ? [] : patchEnv(template.env, env ?? []),
    resources: patchResources(template.resources, resources),
    concurrency: patched(template.concurrency, patch.concurrency, TEMPLATE_DEFAULTS.concurrency),
    timeoutSeconds: patched(template.timeoutSeconds, patch.timeoutSeconds, TEMPLATE_DEFAULTS.timeoutSeconds),
    maxInstances: patched(template.maxInstances, patch.maxInstances, TEMPLATE_DEFAULTS.maxInstances),
    port: patched(template.port, patch.port, TEMPLATE_DEFAULTS.port),
    protocol: patched(template.protocol, patch.protocol, TEMPLATE_DEFAULTS.protocol),
  };
  // A new source takes the place of an image and the other way round, unless both are named.
  const nextSource = patched(image ? undefined : template.source, source, undefined);
  const nextImage = patched(source ? undefined : template.image, image, undefined);
  const nextPull = patched(keptPullSecret(template, nextImage), pullSecret, undefined);
  const nextCommand = patched(template.command, command, undefined);
  return {
    ...next,
    ...(nextSource ? { source: nextSource } : {}),
    ...(nextImage ? { image: nextImage } : {}),
    ...(nextPull ? { pullSecret: referenceOf(nextPull) } : {}),
    ...(nextCommand ? { command: nextCommand } : {}),
    ...patchContainer(template, patch),
    ...patchSidecars(template, patch.sidecars),
    ...(revisionSuffix ? { revisionSuffix } : {}),
  };
}

/** The template of a new service: what was asked over the defaults. */
export function newTemplate(asked: TemplatePatch): Template {
  return patchTemplate({ ...TEMPLATE_DEFAULTS, env: [] }, asked);
}

/** Lays a patch over an intent; traffic given as null goes back to "everything to latest". */
export function patchService(intent: ServiceIntent, patch: ServicePatch): ServiceIntent {
  const regions = patched(intent.regions ?? [], patch.regions, []);
  return {
    name: intent.name,
    access: patched(intent.access, patch.access, SERVICE_DEFAULTS.access),
    minInstances: patched(intent.minInstances, patch.minInstances, SERVICE_DEFAULTS.minInstances),
    ...(regions.length > 0 ? { regions } : {}),
    rollout: patched(intent.rollout ?? SERVICE_DEFAULTS.rollout, patch.rollout, SERVICE_DEFAULTS.rollout),
    template: patch.template
      ? patchTemplate(intent.template, patch.template)
      : withoutSuffix(intent.template),
    traffic: patched(intent.traffic, patch.traffic, [{ revision: 'latest', percent: 100 }]),
  };
}

/** Whether two templates make the same revision: a suffix only names it. */
export function sameTemplate(one: Template, other: Template): boolean {
  return same(withoutSuffix(one), withoutSuffix(other));
}

function withoutSuffix(template: Template): Template {
  const { revisionSuffix: _used, ...rest } = template;
  return rest;
}

function patchResources(old: Resources, change: Patch<Resources> | null | undefined): Resources {
  if (change === null) return { ...TEMPLATE_DEFAULTS.resources };
  const gpus = patched(old.gpus, change?.gpus, undefined);
  const gpuClass = patched(old.gpuClass, change?.gpuClass, undefined);
  return {
    cpuMillis: patched(old.cpuMillis, change?.cpuMillis, TEMPLATE_DEFAULTS.resources.cpuMillis),
    memoryMiB: patched(old.memoryMiB, change?.memoryMiB, TEMPLATE_DEFAULTS.resources.memoryMiB),
    ...(gpus === undefined ? {} : { gpus }),
    ...(gpuClass === undefined ? {} : { gpuClass }),
  };
}
