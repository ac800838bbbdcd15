import {
  BOUNDS,
  CONTAINER_BOUNDS,
  CONTAINER_LIMITS,
  GPU_LIMITS,
  LIMITS,
  PROBE_TYPES,
  ROLLOUTS,
  SIDECAR_LIMITS,
  envNameProblem,
  labelProblem,
  tagProblem,
} from '#libs/domain';
import { z } from 'zod';
import { bounded, reference, ruledText } from '../call/scalars.js';

export const accessSchema = z.enum(['public', 'private']).meta({ id: 'Access' });
export const rolloutSchema = z.enum(ROLLOUTS).meta({ id: 'Rollout' });
export const protocolSchema = z.enum(['http1', 'h2c']).meta({ id: 'Protocol' });

const secretVersion = z.union([z.int().min(1), z.literal('latest')]);

const secretReference = z
  .strictObject({ name: z.string().min(1).max(63), version: secretVersion.optional() })
  .meta({ id: 'SecretReferenceInput' });

/** One entry; `value: null` takes the entry of that name away (in a change). */
const envEntry = z
  .strictObject({
    name: ruledText(envNameProblem),
    value: z.string().max(LIMITS.envValueCharacters).nullish(),
    secret: secretReference.optional(),
  })
  .refine((entry) => (entry.value === undefined) !== (entry.secret === undefined), {
    message: 'needs exactly one of value and secret',
  })
  .meta({ id: 'EnvEntryInput' });

const path = z.string().min(1).max(CONTAINER_LIMITS.pathCharacters);

const probe = z
  .strictObject({
    type: z.enum(PROBE_TYPES).meta({ id: 'ProbeType' }),
    path: path.exactOptional(),
    service: z.string().min(1).max(256).exactOptional(),
    initialDelaySeconds: bounded(CONTAINER_BOUNDS.initialDelaySeconds).exactOptional(),
    periodSeconds: bounded(CONTAINER_BOUNDS.periodSeconds).exactOptional(),
    timeoutSeconds: bounded(CONTAINER_BOUNDS.timeoutSeconds).exactOptional(),
    failureThreshold: bounded(CONTAINER_BOUNDS.failureThreshold).exactOptional(),
  })
  .meta({ id: 'ProbeInput', description: 'A question to the port that is served.' });

const files = z
  .array(z.strictObject({ path, secret: secretReference.nullable() }).meta({ id: 'SecretFileInput' }))
  .max(CONTAINER_LIMITS.files)
  .nullish()
  .describe('Secrets as files, by path; `secret: null` takes one away.');

/** What only clusters run that run any container. */
const containerInput = {
  args: z.array(z.string().max(LIMITS.commandCharacters)).max(LIMITS.commandWords).nullish(),
  probes: z
    .strictObject({ startup: probe.nullish(), readiness: probe.nullish(), liveness: probe.nullish() })
    .meta({ id: 'ProbesInput' })
    .nullish(),
  files,
  volumes: z
    .array(
      z
        .strictObject({
          name: z.string().min(1).max(CONTAINER_LIMITS.volumeName),
          mountPath: path.nullable(),
          medium: z.enum(['memory', 'disk']).meta({ id: 'VolumeMedium' }).optional(),
          sizeMiB: bounded(CONTAINER_BOUNDS.memory).optional(),
        })
        .meta({ id: 'VolumeInput' }),
    )
    .max(CONTAINER_LIMITS.volumes)
    .nullish()
    .describe('Empty folders, by name; `mountPath: null` takes one away.'),
};

const mount = z
  .strictObject({ volume: z.string().min(1).max(CONTAINER_LIMITS.volumeName), mountPath: path.nullable() })
  .meta({ id: 'VolumeMountInput' });

const sidecarProbe = z
  .strictObject({ ...probe.shape, port: bounded(BOUNDS.port) })
  .meta({ id: 'SidecarProbeInput', description: 'A question to a port of the sidecar.' });

const words = z.array(z.string().max(LIMITS.commandCharacters)).max(LIMITS.commandWords);

const sidecar = z
  .strictObject({
    name: z.string().min(1).max(SIDECAR_LIMITS.name),
    image: z.string().min(1).max(512).nullish(),
    pullSecret: secretReference.nullish(),
    command: words.nullish(),
    args: words.nullish(),
    env: z.array(envEntry).max(LIMITS.envEntries).nullish(),
    resources: z
      .strictObject({
        cpuMillis: bounded(BOUNDS.cpuMillis).nullish(),
        memoryMiB: bounded(BOUNDS.memoryMiB).nullish(),
      })
      .meta({ id: 'SidecarResourcesInput' })
      .nullish(),
    probes: z
      .strictObject({ startup: sidecarProbe.nullish(), liveness: sidecarProbe.nullish() })
      .meta({ id: 'SidecarProbesInput' })
      .nullish(),
    files,
    mounts: z.array(mount).max(CONTAINER_LIMITS.volumes).nullish(),
  })
  .meta({ id: 'SidecarInput', description: 'A container beside the one that serves; it has no port.' });

/** Fields of a template; in a change null goes back to the default. */
export const templateInput = z
  .strictObject({
    source: z
      .strictObject({ uploadId: z.templateLiteral(['upl_', z.string()], 'must be the id of an upload') })
      .meta({ id: 'SourceInput' })
      .nullish(),
    image: z.string().min(1).max(512).nullish(),
    pullSecret: secretReference.nullish().describe('`user:password` of the registry that holds the image.'),
    env: z.array(envEntry).max(LIMITS.envEntries).nullish(),
    resources: z
      .strictObject({
        cpuMillis: bounded(BOUNDS.cpuMillis).nullish(),
        memoryMiB: bounded(BOUNDS.memoryMiB).nullish(),
        gpus: bounded(BOUNDS.gpus)
          .nullish()
          .describe('Whole GPUs that each instance holds; with `gpuClass`, or neither.'),
        gpuClass: z.string().min(1).max(GPU_LIMITS.nameCharacters).nullish(),
      })
      .meta({ id: 'ResourcesInput' })
      .nullish(),
    concurrency: bounded(BOUNDS.concurrency).nullish(),
    timeoutSeconds: bounded(BOUNDS.timeoutSeconds).nullish(),
    maxInstances: bounded(BOUNDS.maxInstances).nullish(),
    port: bounded(BOUNDS.port).nullish(),
    protocol: protocolSchema.nullish(),
    command: words.nullish(),
    ...containerInput,
    sidecars: z
      .array(sidecar)
      // a change may name all that there are, to take them away, and all that come
      .max(2 * SIDECAR_LIMITS.sidecars)
      .nullish()
      .describe('Containers beside the one that serves, by name; `image: null` takes one away.'),
    revisionSuffix: z.string().min(1).max(63).nullish(),
  })
  .meta({ id: 'TemplateInput' });

const trafficLine = z
  .strictObject({
    revision: reference('Name of a revision, or `latest`.'),
    percent: z.int().min(0).max(100),
    tag: ruledText(tagProblem).exactOptional(),
  })
  .meta({ id: 'TrafficTargetInput' });

export const trafficInput = z.array(trafficLine).min(1).max(LIMITS.trafficLines);

/** What create and update share. */
export const intentInput = {
  access: accessSchema.nullish(),
  minInstances: bounded(BOUNDS.minInstances).nullish(),
  regions: z
    .array(ruledText((text) => labelProblem(text, 63)))
    .max(LIMITS.regions)
    .nullish()
    .describe('Where it should be: one cluster in each. Without any: one, wherever there is room.'),
  rollout: rolloutSchema
    .nullish()
    .describe('Where a new revision finds all GPUs taken: it waits, or the old one gives way to it.'),
  traffic: trafficInput.nullish(),
  tag: ruledText(tagProblem).optional().describe('Gives the new revision a URL of its own, at 0 percent.'),
};
