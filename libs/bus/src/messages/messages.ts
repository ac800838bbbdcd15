/** Schemas of what travels between hub, agents and gateways. A later version must still read today's samples. */
import { z } from 'zod';
import { count, digest, id } from './message.parts.js';
import { gpuNodes, protocol, targetRevision } from './revision.messages.js';

const condition = z.object({
  type: z.string(),
  status: z.enum(['true', 'false', 'unknown']),
  reason: z.string(),
  message: z.string(),
  nextStep: z.string().exactOptional(),
  changedAt: count,
});

const publicError = z.object({
  code: z.string(),
  message: z.string(),
  violations: z.array(z.object({ field: z.string(), message: z.string() })).exactOptional(),
  nextStep: z.string().exactOptional(),
});

const door = z.object({ host: z.string(), port: z.int(), secure: z.literal(true).exactOptional() });

/** KV targets_<cluster>, key service.<id>. */
export const targetSchema = z.object({
  schemaVersion: z.literal(1),
  clusterId: id('cls'),
  organizationId: id('org'),
  projectId: id('prj'),
  service: z.object({ id: id('svc'), name: z.string() }),
  generation: count,
  epoch: count,
  suspended: z.literal(true).exactOptional(),
  tombstone: z.object({ by: z.enum(['customer', 'operator', 'derived']) }).exactOptional(),
  revisions: z.array(targetRevision),
});

/** KV targets_<cluster>, key build.<id>: what the builder agent is asked to build, once. */
export const buildTargetSchema = z.object({
  schemaVersion: z.literal(1),
  buildId: id('bld'),
  organizationId: id('org'),
  serviceId: id('svc'),
  uploadDigest: digest,
});

/** KV targets_<cluster>, key sealed.<secret>.<version>: a secret's value as JWE to the agent's public key. */
export const sealedSecretSchema = z.object({
  schemaVersion: z.literal(1),
  secretId: id('sec'),
  version: z.int(),
  jwe: z.string(),
});

/** KV targets_<cluster>, key gpu-classes: what the agent counts its nodes by. */
export const gpuClassesSchema = z.object({
  schemaVersion: z.literal(1),
  classes: z.array(gpuNodes.extend({ name: z.string() })),
});

/** KV status_<cluster>, key cluster: sent every 5 s, so its age is the agent's liveness. */
export const clusterStatusSchema = z.object({
  schemaVersion: z.literal(1),
  clusterId: id('cls'),
  runtime: z.enum(['knative', 'local']),
  capabilities: z.array(z.string()),
  /** Absent while the agent does not work: what is in the way stands in `found`. */
  door: door.exactOptional(),
  /** Where the door is reached that stands although the agent does not work, in place of `door`. */
  waitingDoor: door.exactOptional(),
  found: z
    .object({
      conditions: z.array(condition),
      gpus: z.array(z.object({ product: z.string().exactOptional(), nodes: count, count })),
      supply: z
        .array(
          z.object({
            ...{ gpuClass: z.string(), nodes: count, perNode: count },
            ...{ total: count, taken: count, freePerNode: count },
          }),
        )
        .exactOptional(),
    })
    .exactOptional(),
  /** By how much the agent's clock is ahead of the hub's, as it measured. */
  clockOffsetMs: z.int().exactOptional(),
  /** Highest epoch seen, so that a restored hub can raise its own above it. */
  epoch: count,
  sentAt: count,
});

/** KV status_<cluster>, key service.<id>. */
export const targetStatusSchema = z.object({
  schemaVersion: z.literal(1),
  clusterId: id('cls'),
  serviceId: id('svc'),
  /** What of the target this report speaks of. */
  generation: count,
  epoch: count,
  /** True once nothing of the service is left in the cluster (after a tombstone). */
  removed: z.boolean(),
  revisions: z.array(z.object({ name: z.string(), ready: condition, instances: count })),
  /** Somebody else in the cluster claims what the service needs. */
  contested: condition.exactOptional(),
  sentAt: count,
});

/** KV status_<cluster>, key build.<id>. */
export const buildStatusSchema = z.object({
  schemaVersion: z.literal(1),
  buildId: id('bld'),
  phase: z.enum(['running', 'succeeded', 'failed']),
  imageDigest: digest.exactOptional(),
  error: publicError.exactOptional(),
  /** Of the attempt that came to an end, by the agent's clock. */
  startedAt: count.exactOptional(),
  endedAt: count.exactOptional(),
  sentAt: count,
});

/** KV routes. */
export const routeSchema = z.object({
  schemaVersion: z.literal(1),
  host: z.string(),
  version: count,
  deleted: z.literal(true).exactOptional(),
  organizationId: id('org'),
  projectId: id('prj'),
  serviceId: id('svc'),
  access: z.enum(['public', 'private']),
  refusal: z.literal('suspended').exactOptional(),
  /** A gateway of 0.1.0 serves such a host without a bound. */
  capped: z.literal(true).exactOptional(),
  /** `aud` of tokens that are good for a private host. */
  audience: z.string().exactOptional(),
  backends: z.array(
    z.object({
      revisionId: id('rev'),
      revision: z.string(),
      percent: z.int().min(0).max(100),
      host: z.string(),
      protocol,
      timeoutSeconds: z.int(),
      doors: z.array(
        z.object({
          clusterId: id('cls'),
          door,
          region: z.string().exactOptional(),
          standby: z.literal(true).exactOptional(),
        }),
      ),
    }),
  ),
});

/** KV routes, key `_caller-keys`: a JSON Web Key Set; a key stays in it until the last token it signed has expired. */
export const callerKeysSchema = z.object({
  schemaVersion: z.literal(1),
  keys: z.array(
    z.object({
      kty: z.literal('OKP'),
      crv: z.literal('Ed25519'),
      x: z.string(),
      kid: z.string(),
      alg: z.literal('EdDSA'),
      use: z.literal('sig'),
    }),
  ),
});

/** KV routes, key `_mark`: another id after the bucket was made anew or put back, when sequences count from elsewhere. */
export const routesMarkSchema = z.object({ schemaVersion: z.literal(1), id: z.string() });

/** KV gateways, key <gateway id>. */
export const gatewayStatusSchema = z.object({
  schemaVersion: z.literal(1),
  gatewayId: id('gw'),
  region: z.string(),
  /**
   * The KV revision (stream sequence of bucket routes) up to which every route is in Envoy and acknowledged by it.
   * A traffic operation waits until every live gateway reports at least the sequence of its last route write.
   */
  acknowledged: count,
  /** The mark of the bucket whose sequences these are, '' while it is not known; absent from gateways of 0.1.0. */
  mark: z.string().optional(),
  /** Hosts that this gateway's Envoy refuses, with the sequence of the route it refused; `acknowledged` passes over them. */
  rejected: z
    .array(z.object({ host: z.string(), sequence: count }))
    .max(100)
    .optional(),
  sentAt: count,
});

/** Body of usage.<gateway id>. */
export const usageRecordSchema = z.object({
  schemaVersion: z.literal(1),
  producer: id('spl'),
  position: count,
  gatewayId: id('gw'),
  region: z.string(),
  streamId: z.string(),
  part: count,
  last: z.boolean(),
  startMs: count,
  endMs: count,
  requestBytes: count,
  responseBytes: count,
  status: count,
  flags: z.string(),
  reached: z.boolean(),
  attempts: count,
  organizationId: id('org'),
  projectId: id('prj'),
  serviceId: id('svc'),
  revisionId: id('rev').exactOptional(),
  clusterId: id('cls').exactOptional(),
});
export const usageBatchSchema = z.object({
  schemaVersion: z.literal(1),
  records: z.array(usageRecordSchema),
});

/** Body of logs.<service id>.<sender>. Order within one sender is the order of `sequence`. */
export const logEntrySchema = z.object({
  /** Unique within the sender. */
  sequence: count,
  time: count,
  stream: z.enum(['stdout', 'stderr', 'build', 'request', 'system']),
  revision: z.string().exactOptional(),
  instance: z.string().exactOptional(),
  /** The sidecar that wrote it; absent: the serving container. */
  container: z.string().exactOptional(),
  text: z.string(),
  /** Only for stream `request`. */
  request: z
    .object({
      id: z.string(),
      method: z.string(),
      path: z.string(),
      status: count,
      durationMs: z.number(),
      firstByteMs: z.number().exactOptional(),
      userAgent: z.string().exactOptional(),
      address: z.string().exactOptional(),
      traceId: z.string().exactOptional(),
    })
    .exactOptional(),
});
export const logBatchSchema = z.object({ schemaVersion: z.literal(1), entries: z.array(logEntrySchema) });

export type BuildTarget = z.infer<typeof buildTargetSchema>;
export type SealedSecret = z.infer<typeof sealedSecretSchema>;
export type ClusterStatus = z.infer<typeof clusterStatusSchema>;
export type TargetStatus = z.infer<typeof targetStatusSchema>;
export type BuildStatus = z.infer<typeof buildStatusSchema>;
export type GatewayStatus = z.infer<typeof gatewayStatusSchema>;
export type LogEntry = z.infer<typeof logEntrySchema>;
