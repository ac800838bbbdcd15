import { z } from 'zod';
import { count, digest, id } from './message.parts.js';

const pinnedSecret = z.object({ id: id('sec'), version: z.int() });
const envEntry = z.union([
  z.object({ name: z.string(), value: z.string() }),
  z.object({ name: z.string(), secret: pinnedSecret }),
]);
const probe = z.object({
  type: z.enum(['http', 'tcp', 'grpc']),
  path: z.string().exactOptional(),
  service: z.string().exactOptional(),
  initialDelaySeconds: count.exactOptional(),
  periodSeconds: count.exactOptional(),
  timeoutSeconds: count.exactOptional(),
  failureThreshold: count.exactOptional(),
});
const files = z.array(z.object({ path: z.string(), secret: pinnedSecret }));
const volume = z.object({
  name: z.string(),
  mountPath: z.string(),
  medium: z.enum(['memory', 'disk']),
  sizeMiB: count,
});
/** What only agents with the capability `containers` get. */
const containerOptions = {
  files: files.exactOptional(),
  args: z.array(z.string()).exactOptional(),
  probes: z
    .object({
      startup: probe.exactOptional(),
      readiness: probe.exactOptional(),
      liveness: probe.exactOptional(),
    })
    .exactOptional(),
  volumes: z.array(volume).exactOptional(),
};
const memoryAndCpu = { cpuMillis: z.int(), memoryMiB: z.int() };
const sidecarProbe = probe.extend({ port: z.int() });
/** Only agents with the capability `sidecars` get them. */
const sidecar = z.object({
  name: z.string(),
  image: z.string(),
  imageDigest: digest,
  pullSecret: pinnedSecret.exactOptional(),
  command: z.array(z.string()).exactOptional(),
  args: z.array(z.string()).exactOptional(),
  env: z.array(envEntry),
  /** Only agents with the capability `sidecar-files` get them. */
  files: files.exactOptional(),
  resources: z.object(memoryAndCpu),
  probes: z
    .object({ startup: sidecarProbe.exactOptional(), liveness: sidecarProbe.exactOptional() })
    .exactOptional(),
  mounts: z.array(z.object({ volume: z.string(), mountPath: z.string() })).exactOptional(),
});
const resources = z.object({
  ...memoryAndCpu,
  /** Only agents with the capability `gpus` get them. */
  gpus: count.exactOptional(),
  gpuClass: z.string().exactOptional(),
});
/** How the nodes that have its GPUs are found, and what they offer. */
export const gpuNodes = z.object({
  resource: z.string(),
  nodeLabels: z.record(z.string(), z.string()),
  tolerations: z.array(
    z.object({
      key: z.string().exactOptional(),
      operator: z.enum(['Exists', 'Equal']),
      value: z.string().exactOptional(),
      effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).exactOptional(),
    }),
  ),
});

export const protocol = z.enum(['http1', 'h2c']);

/** What a cluster is asked to run of a revision. */
export const targetRevision = z.object({
  id: id('rev'),
  name: z.string(),
  host: z.string(),
  /** Absent: built from source; else only agents with the capability `containers` get it. */
  image: z.string().exactOptional(),
  imageDigest: digest,
  pullSecret: pinnedSecret.exactOptional(),
  env: z.array(envEntry),
  /** `sandboxed`: only agents with that capability get it. */
  runtimeTier: z.enum(['standard', 'sandboxed']).exactOptional(),
  resources,
  gpuNodes: gpuNodes.exactOptional(),
  concurrency: z.int(),
  timeoutSeconds: z.int(),
  minInstances: count,
  maxInstances: z.int(),
  port: z.int(),
  protocol,
  command: z.array(z.string()).exactOptional(),
  ...containerOptions,
  sidecars: z.array(sidecar).exactOptional(),
});
