import {
  PROBE_TYPES,
  SERVICE_DEFAULTS,
  serviceUrl,
  type Condition,
  type EnvEntry,
  type PinnedEnvEntry,
  type PlacementVerdict,
  type Project,
} from '#libs/domain';
import type { Service, Template } from '#libs/domain';
import { z } from 'zod';
import type { Installation } from '../api.parts.js';
import { iso } from '../call/scalars.js';
import { projectRef } from '../project/project.view.js';
import { accessSchema, protocolSchema, rolloutSchema } from './service.schema.js';

export const conditionView = z
  .object({
    type: z.string(),
    status: z.enum(['true', 'false', 'unknown']),
    reason: z.string(),
    message: z.string(),
    nextStep: z.string().optional(),
    changedAt: z.string(),
  })
  .meta({ id: 'Condition', description: "A named fact about a thing's state." });

export const resourcesView = z
  .object({
    cpuMillis: z.int(),
    memoryMiB: z.int(),
    gpus: z.int().optional().describe('Whole GPUs that each instance holds.'),
    gpuClass: z.string().optional(),
  })
  .meta({ id: 'Resources' });

const probeView = z
  .object({
    type: z.enum(PROBE_TYPES).meta({ id: 'ProbeType' }),
    path: z.string().optional(),
    service: z.string().optional(),
    initialDelaySeconds: z.int().optional(),
    periodSeconds: z.int().optional(),
    timeoutSeconds: z.int().optional(),
    failureThreshold: z.int().optional(),
  })
  .meta({ id: 'Probe' });

const sidecarProbeView = z.object({ ...probeView.shape, port: z.int() }).meta({ id: 'SidecarProbe' });

/** In GraphQL one value: lists in lists would make a page of services cost more than a document may. */
export const WHOLE = { 'x-graphql': 'JSON' };

/** What a sidecar of a template and one of a revision share. */
export const sidecarFields = {
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  resources: z.object({ cpuMillis: z.int(), memoryMiB: z.int() }).meta({ id: 'SidecarResources' }),
  probes: z
    .object({ startup: sidecarProbeView.optional(), liveness: sidecarProbeView.optional() })
    .meta({ id: 'SidecarProbes' })
    .optional(),
  mounts: z
    .array(z.object({ volume: z.string(), mountPath: z.string() }).meta({ id: 'VolumeMount' }))
    .optional(),
};

/** What template and revision share. */
export const containerFields = {
  resources: resourcesView,
  concurrency: z.int(),
  timeoutSeconds: z.int(),
  maxInstances: z.int(),
  port: z.int(),
  protocol: protocolSchema,
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  probes: z
    .object({
      startup: probeView.optional(),
      readiness: probeView.optional(),
      liveness: probeView.optional(),
    })
    .meta({ id: 'Probes' })
    .optional(),
  volumes: z
    .array(
      z
        .object({
          name: z.string(),
          mountPath: z.string(),
          medium: z.enum(['memory', 'disk']).meta({ id: 'VolumeMedium' }),
          sizeMiB: z.int(),
        })
        .meta({ id: 'Volume', description: 'A folder that is empty when an instance starts.' }),
    )
    .optional(),
};

const secretReferenceView = z
  .object({ name: z.string(), version: z.union([z.int(), z.literal('latest')]) })
  .meta({ id: 'SecretReference' });

const envEntryView = z
  .object({ name: z.string(), value: z.string().optional(), secret: secretReferenceView.optional() })
  .meta({ id: 'EnvEntry' });

const filesView = z
  .array(z.object({ path: z.string(), secret: secretReferenceView }).meta({ id: 'SecretFile' }))
  .optional();

const sidecarView = z
  .object({
    ...sidecarFields,
    pullSecret: secretReferenceView.optional(),
    env: z.array(envEntryView),
    files: filesView,
  })
  .meta({ id: 'Sidecar', description: 'A container beside the one that serves; it has no port.' });

const templateView = z
  .object({
    source: z.object({ uploadId: z.string() }).meta({ id: 'Source' }).optional(),
    image: z.string().optional(),
    pullSecret: secretReferenceView.optional(),
    env: z.array(envEntryView),
    files: filesView,
    ...containerFields,
    sidecars: z.array(sidecarView).meta(WHOLE).optional(),
    revisionSuffix: z.string().optional(),
  })
  .meta({ id: 'Template', description: 'What every revision made from it will be.' });

export const trafficTargetView = z
  .object({ revision: z.string(), percent: z.int(), tag: z.string().optional() })
  .meta({ id: 'TrafficTarget', description: 'One line of the split that was asked for.' });

export const trafficStatusView = z
  .object({ revision: z.string(), percent: z.int(), tag: z.string().optional(), url: z.string().optional() })
  .meta({ id: 'TrafficStatus', description: 'One line of the split in force, `latest` resolved.' });

export const serviceView = z
  .object({
    id: z.string(),
    project: projectRef,
    name: z.string(),
    access: accessSchema,
    minInstances: z.int(),
    regions: z.array(z.string()).optional(),
    rollout: rolloutSchema,
    template: templateView,
    traffic: z.array(trafficTargetView),
    generation: z.int(),
    url: z.string(),
    latestCreatedRevision: z.string().optional(),
    latestReadyRevision: z.string().optional(),
    status: z
      .object({
        observedGeneration: z.int(),
        traffic: z.array(trafficStatusView),
        placements: z.array(z.string()).optional().describe('What was decided about each cluster, and why.'),
        conditions: z.array(conditionView),
      })
      .meta({ id: 'ServiceStatus' }),
    createdAt: z.string(),
    updatedAt: z.string(),
    version: z.string(),
  })
  .meta({ id: 'Service', description: "A customer's stateless HTTP workload." });

export type ServiceView = z.infer<typeof serviceView>;

export function showService(service: Service, project: Project, installation: Installation): ServiceView {
  const { id, name, access, minInstances, traffic, generation, status, createdAt, updatedAt, version } =
    service;
  const { latestCreatedRevision, latestReadyRevision } = status;
  return {
    id,
    project: { id: project.id, handle: project.handle },
    name,
    access,
    minInstances,
    template: showTemplate(service.template),
    ...(service.regions ? { regions: [...service.regions] } : {}),
    rollout: service.rollout ?? SERVICE_DEFAULTS.rollout,
    traffic: traffic.map((line) => ({ ...line })),
    generation,
    url: urlOf(undefined, service, project, installation),
    ...(latestCreatedRevision === undefined ? {} : { latestCreatedRevision }),
    ...(latestReadyRevision === undefined ? {} : { latestReadyRevision }),
    status: {
      observedGeneration: status.observedGeneration,
      traffic: showTraffic(service, project, installation),
      ...(status.placements ? { placements: status.placements.map(showPlacement) } : {}),
      conditions: status.conditions.map(showCondition),
    },
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
    version: String(version),
  };
}

/** The split in force, with the URL of every tag. */
export function showTraffic(
  service: Service,
  project: Project,
  installation: Installation,
): z.infer<typeof trafficStatusView>[] {
  return service.status.traffic.map(({ revision, percent, tag }) =>
    tag === undefined
      ? { revision, percent }
      : { revision, percent, tag, url: urlOf(tag, service, project, installation) },
  );
}

/** One sentence, so that a page of services stays within what one GraphQL document may cost. */
function showPlacement({ cluster, region, chosen, serves, reason }: PlacementVerdict): string {
  const holds = chosen ? 'holds it' : 'does not hold it';
  return `${cluster} (${region}) ${holds}${serves ? ' and is asked by gateways' : ''}: ${reason}`;
}

export function showCondition(condition: Condition): z.infer<typeof conditionView> {
  return { ...condition, changedAt: iso(condition.changedAt) };
}

function showTemplate(template: Template): z.infer<typeof templateView> {
  const { env, sidecars, ...rest } = template;
  return {
    ...rest,
    env: env.map(showEnvEntry),
    ...(sidecars ? { sidecars: sidecars.map((one) => ({ ...one, env: one.env.map(showEnvEntry) })) } : {}),
  };
}

function showEnvEntry(entry: EnvEntry): z.infer<typeof templateView>['env'][number] {
  return 'value' in entry
    ? { name: entry.name, value: entry.value }
    : { name: entry.name, secret: entry.secret };
}

/** A pinned entry of a revision: a value, or which version of which secret; never the secret's value. */
export function showPinnedEntry(entry: PinnedEnvEntry): {
  name: string;
  value?: string;
  secret?: { id: string; version: number };
} {
  return 'value' in entry
    ? { name: entry.name, value: entry.value }
    : { name: entry.name, secret: entry.secret };
}

function urlOf(
  tag: string | undefined,
  service: Service,
  project: Project,
  installation: Installation,
): string {
  return serviceUrl(tag, service.name, project.handle, installation.domain, installation.origin);
}
