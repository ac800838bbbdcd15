import type { Condition } from '../condition.js';
import type { Id } from '../id.js';
import type {
  PinnedEnvEntry,
  PinnedSecret,
  PinnedSidecar,
  Protocol,
  Resources,
  SecretFile,
} from '../service/service.types.js';
import type { Digest } from '../build/build.types.js';
import type { ContainerOptions } from '../service/container.types.js';
import type { Access } from '../service/service.types.js';
import type { Door } from '../cluster/cluster.types.js';
import type { RuntimeTier } from '../cluster/runtime-tier.js';
import type { GpuNodes } from '../cluster/gpu-class.js';

/** The stored decision which clusters hold a service, in order of preference, with the reasons. */
export interface Placement {
  serviceId: Id<'svc'>;
  clusterIds: Id<'cls'>[];
  reasons: { clusterId: Id<'cls'>; chosen: boolean; reason: string }[];
  decidedAt: number;
}

/** What one cluster is asked to hold for one service. Every run of the same input gives equal bytes. */
export interface Target {
  schemaVersion: 1;
  clusterId: Id<'cls'>;
  organizationId: Id<'org'>;
  projectId: Id<'prj'>;
  service: { id: Id<'svc'>; name: string };
  /** Grows with every change of the target; an agent refuses a lower (epoch, generation). */
  generation: number;
  epoch: number;
  /** Set when the service must go from this cluster; `customer` and `operator` are authority enough. */
  /** Runs nothing, and keeps everything: the organization is stopped. */
  suspended?: true;
  tombstone?: { by: 'customer' | 'operator' | 'derived' };
  revisions: TargetRevision[];
}

export interface TargetRevision extends ContainerOptions {
  id: Id<'rev'>;
  name: string;
  /** The host the cluster's ingress routes by, the same in every cluster (see revisionHost). */
  host: string;
  /** Absent: built from source, and pulled from the cluster's own registry. */
  image?: string;
  imageDigest: Digest;
  pullSecret?: PinnedSecret;
  env: PinnedEnvEntry[];
  files?: SecretFile<PinnedSecret>[];
  sidecars?: PinnedSidecar[];
  runtimeTier?: RuntimeTier;
  resources: Resources;
  /** Where there are GPUs of its class, when it holds some. */
  gpuNodes?: GpuNodes;
  concurrency: number;
  timeoutSeconds: number;
  minInstances: number;
  maxInstances: number;
  port: number;
  protocol: Protocol;
  command?: string[];
}

/** One host as gateways serve it. One row per host; `version` grows with every change of the row. */
export interface Route {
  schemaVersion: 1;
  host: string;
  version: number;
  /** Set when the host must go; the row stays, so that a late reader cannot revive it. */
  deleted?: true;
  organizationId: Id<'org'>;
  projectId: Id<'prj'>;
  serviceId: Id<'svc'>;
  access: Access;
  /** Why the host answers nobody, whatever else the route says. */
  refusal?: 'suspended';
  /** The organization has a cap: a gateway serves only what it is allowed to spend. */
  capped?: true;
  /** What tokens for it are made for (`aud`), when it is private: the service's URL. */
  audience?: string;
  /** Empty when no revision is ready: the gateway answers 503. */
  backends: RouteBackend[];
}

export interface RouteBackend {
  revisionId: Id<'rev'>;
  revision: string;
  /** Whole percent; the backends of a route sum to 100. */
  percent: number;
  /** The host the cluster's ingress routes by. */
  host: string;
  protocol: Protocol;
  timeoutSeconds: number;
  /** Clusters in order of preference. */
  doors: RouteDoor[];
}

/** Where a gateway reaches one cluster of a placement. */
export interface RouteDoor {
  clusterId: Id<'cls'>;
  door: Door;
  /** Told where there are several: a gateway asks those of its own region first. */
  region?: string;
  /** Asked when no other answers: its agent does not say any more how it is. */
  standby?: true;
}

/** What a cluster last said about its target (the message is contracts/messages/target-status). */
export interface TargetReport {
  clusterId: Id<'cls'>;
  serviceId: Id<'svc'>;
  /** The (epoch, generation) of the target it speaks of. */
  generation: number;
  epoch: number;
  /** True once nothing of the service is left in the cluster (after a tombstone). */
  removed: boolean;
  revisions: { name: string; ready: Condition; instances: number }[];
  /** Somebody else in the cluster claims what the service needs: which object or field, and what to do. */
  contested?: Condition;
}

/** One line of a split as it is in force: `latest` resolved. */
export interface SplitLine {
  revision: string;
  percent: number;
  tag?: string;
}
