import type { Digest } from '../build/build.types.js';
import type { RuntimeTier } from '../cluster/runtime-tier.js';
import type { Condition } from '../condition.js';
import type { Id } from '../id.js';
import type { ContainerOptions } from './container.types.js';
import type { SidecarOptions } from './sidecar.types.js';

export type Access = 'public' | 'private';
/**
 * What becomes of the old revision where the new one finds all GPUs of its class taken: it serves on while the new one
 * waits, or it gives way, and nothing serves until the new one is ready.
 */
export const ROLLOUTS = ['surge', 'replace'] as const;
export type Rollout = (typeof ROLLOUTS)[number];
/** Annotation of an exported service with that choice: Knative has none of its own. */
export const ROLLOUT = 'towpath.dev/rollout';
/** Annotation of an exported template: which container a pull secret is for, `container=secret:version,…`. */
export const PULL_SECRETS = 'towpath.dev/pull-secrets';
/** What the container speaks on its port; `h2c` also carries gRPC (gcloud's --use-http2). */
export type Protocol = 'http1' | 'h2c';

/** An environment entry is a value or a reference to a secret's version. */
export type EnvEntry = { name: string; value: string } | { name: string; secret: SecretReference };

/** A version of a secret, as a customer names it. */
export interface SecretReference {
  name: string;
  version: number | 'latest';
}

/** A version of a secret that means the same for ever. */
export interface PinnedSecret {
  id: Id<'sec'>;
  version: number;
}

/** An environment entry with its secret resolved to an id and a number: what a revision stores. */
export type PinnedEnvEntry = { name: string; value: string } | { name: string; secret: PinnedSecret };

/** A secret as a file of a container; nothing else is in its folder. */
export interface SecretFile<Secret = SecretReference> {
  path: string;
  secret: Secret;
}

/** A container beside the one that serves; it is run from an image, and has no port. */
export interface Sidecar extends SidecarOptions {
  /** What its image's registry asks for; without it, what the serving container's gives when it is the same registry. */
  pullSecret?: SecretReference;
  env: EnvEntry[];
  files?: SecretFile[];
}

/** A sidecar of a revision: its image and its secrets mean the same for ever. */
export interface PinnedSidecar extends SidecarOptions {
  imageDigest: Digest;
  pullSecret?: PinnedSecret;
  env: PinnedEnvEntry[];
  files?: SecretFile<PinnedSecret>[];
}

/** Of the container that serves; what an instance has in all is `instanceResources`. */
export interface Resources {
  /** Thousandths of a CPU. */
  cpuMillis: number;
  memoryMiB: number;
  /** Whole GPUs that each instance holds for as long as it runs; given with their class, or not at all. */
  gpus?: number;
  /** A name that the operator defined. */
  gpuClass?: string;
}

/** What every revision made from it will be; a change of it makes a new revision. */
export interface Template extends ContainerOptions {
  /** Exactly one of the two; an image is a registry reference (refused by the local runtime). */
  source?: { uploadId: Id<'upl'> };
  image?: string;
  /** What the image's registry asks for, when it is not public: `user:password` in a secret. */
  pullSecret?: SecretReference;
  env: EnvEntry[];
  files?: SecretFile[];
  /** Containers beside the one that serves; keyed by name. */
  sidecars?: Sidecar[];
  resources: Resources;
  /** Requests one instance serves at a time, 1-1000. */
  concurrency: number;
  timeoutSeconds: number;
  maxInstances: number;
  port: number;
  protocol: Protocol;
  command?: string[];
  /** The caller's suffix for the next revision's name; used once. */
  revisionSuffix?: string;
}

/** One line of the split the customer asked for. `latest` follows the newest ready revision. */
export interface TrafficTarget {
  /** A revision's name, or `latest`. */
  revision: string;
  /** Whole percent 0-100; all lines sum to 100. */
  percent: number;
  /** A tag gives the line a host of its own. */
  tag?: string;
}

/** A customer's stateless HTTP workload: intent (what is asked) and what was observed. */
export interface Service {
  id: Id<'svc'>;
  organizationId: Id<'org'>;
  projectId: Id<'prj'>;
  name: string;
  access: Access;
  /** Belongs to the service and is applied only to revisions with traffic. */
  minInstances: number;
  /** Where it should be: one cluster in each of these; absent: one, wherever the planner puts it. */
  regions?: string[];
  /** Absent: surge. */
  rollout?: Rollout;
  template: Template;
  traffic: TrafficTarget[];
  /** Grows with every change of intent. */
  generation: number;
  deletedAt?: number;
  createdAt: number;
  updatedAt: number;
  /** Equal to the ETag; grows with every write of intent. */
  version: number;
  status: ServiceStatus;
}

/** Written by the deployer only. */
export interface ServiceStatus {
  /** The intent generation this status speaks of. */
  observedGeneration: number;
  url?: string;
  latestCreatedRevision?: string;
  latestReadyRevision?: string;
  /** The split in force, `latest` resolved. */
  traffic: { revision: string; percent: number; tag?: string; url?: string }[];
  /** What was decided about every cluster when the service was placed last. */
  placements?: PlacementVerdict[];
  conditions: Condition[];
}

/** Why a cluster holds a service, or does not. */
export interface PlacementVerdict {
  /** The cluster's name. */
  cluster: string;
  region: string;
  chosen: boolean;
  /** Gateways send requests there. */
  serves: boolean;
  reason: string;
}

/** Immutable snapshot of a template with its image pinned by digest. Only `status` ever changes. */
export interface Revision {
  id: Id<'rev'>;
  organizationId: Id<'org'>;
  projectId: Id<'prj'>;
  serviceId: Id<'svc'>;
  /** `<service>-00001` and up, or `<service>-<suffix>`. */
  name: string;
  number: number;
  spec: RevisionSpec;
  createdAt: number;
  status: RevisionStatus;
}

export interface RevisionSpec extends ContainerOptions {
  /** The reference that was resolved to the digest; absent when the image was built from source. */
  image?: string;
  imageDigest: Digest;
  pullSecret?: PinnedSecret;
  env: PinnedEnvEntry[];
  files?: SecretFile<PinnedSecret>[];
  sidecars?: PinnedSidecar[];
  /** By the price plan that was in force when it was made; absent: made before there were tiers. */
  runtimeTier?: RuntimeTier;
  resources: Resources;
  concurrency: number;
  timeoutSeconds: number;
  maxInstances: number;
  port: number;
  protocol: Protocol;
  command?: string[];
}

export interface RevisionStatus {
  conditions: Condition[];
  /** Instances running now, over all clusters. */
  instances: number;
}

/** A numbered, immutable record of a change of traffic; rollback restores a former row. */
export interface TrafficChange {
  serviceId: Id<'svc'>;
  number: number;
  actorId: string;
  from: TrafficTarget[];
  to: TrafficTarget[];
  createdAt: number;
}
