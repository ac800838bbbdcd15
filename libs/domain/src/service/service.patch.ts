import { parseImageReference } from '../build/image-reference.js';
import { same } from '../canonical.js';
import { SERVICE_DEFAULTS, TEMPLATE_DEFAULTS } from './service.defaults.js';
import { patchContainer, type ContainerPatch } from './container.patch.js';
import { referenceOf, type AskedSecret } from './secret.patch.js';
import type { EnvEntry, Resources, Template } from './service.types.js';
import type { ServiceIntent } from './service.validation.js';

/** A change of a field: absent keeps, null goes back to the default (JSON Merge Patch, RFC 7396). */
export type Patch<T> = { [K in keyof T]?: T[K] | null | undefined };

/** A change of one environment entry; `value: null` removes the entry of that name. */
export interface EnvPatch {
  name: string;
  value?: string | null | undefined;
  secret?: AskedSecret | null | undefined;
}

export type TemplatePatch = Patch<Omit<Template, 'env' | 'resources' | 'pullSecret' | keyof ContainerPatch>> &
  ContainerPatch & {
    pullSecret?: AskedSecret | null | undefined;
    env?: readonly EnvPatch[] | null | undefined;
    resources?: Patch<Resources> | null | undefined;
  };

export type ServicePatch = Patch<Pick<ServiceIntent, 'access' | 'minInstances' | 'regions' | 'traffic'>> & {
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
    ...(revisionSuffix ? { revisionSuffix } : {}),
  };
}

/** Environment entries keyed by name: new ones go to the end, changed ones keep their place. */
export function patchEnv(env: readonly EnvEntry[], patch: readonly EnvPatch[]): EnvEntry[] {
  let next = [...env];
  for (const change of patch) {
    const entry = entryOf(change);
    const index = next.findIndex((old) => old.name === change.name);
    if (entry === undefined) next = next.filter((old) => old.name !== change.name);
    else if (index === -1) next.push(entry);
    else next[index] = entry;
  }
  return next;
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

function patched<T>(old: T, change: T | null | undefined, fallback: T): T {
  if (change === undefined) return old;
  return change === null ? fallback : change;
}

/** Credentials are for the registry they were given with. */
function keptPullSecret(
  { image: before, pullSecret }: Template,
  image: string | undefined,
): AskedSecret | undefined {
  const registryOf = (text = ''): string | undefined => parseImageReference(text)?.registry;
  return registryOf(before) === registryOf(image) ? pullSecret : undefined;
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

function entryOf({ name, value, secret }: EnvPatch): EnvEntry | undefined {
  if (secret) return { name, secret: referenceOf(secret) };
  return typeof value === 'string' ? { name, value } : undefined;
}
