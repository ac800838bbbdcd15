import type { Condition } from '../condition.js';
import type { Id } from '../id.js';

/** A joined place where revisions run: a Kubernetes cluster with Knative, or the local runtime. */
export interface Cluster {
  id: Id<'cls'>;
  name: string;
  provider: string;
  region: string;
  zone: string;
  runtime: 'knative' | 'local';
  gpuClasses: string[];
  /** Capabilities the agent reported, e.g. `builder`. */
  capabilities: string[];
  /** Where gateways reach the cluster; known once the agent reported. */
  door?: Door;
  /** JWK (OKP X25519) secrets are sealed to; known once the agent joined. */
  publicKey?: Record<string, unknown>;
  joinedAt?: number;
  lastSeenAt?: number;
  /** Its agent answers and does not work: when it was last heard of as working. Absent while it works. */
  waitingSince?: number;
  /** Since when it takes no new services; what it holds stays. */
  cordonedAt?: number;
  /** Since when an operator has what it holds moved elsewhere. It is cordoned as well. */
  drainingAt?: number;
  /** How many services it held when that began. */
  drainTotal?: number;
  /** What its agent found it to be and to have; absent before it told. */
  found?: ClusterFacts;
  /** By how much its agent's clock is ahead of the hub's, as it said last; absent: it was not measured lately. */
  clockOffsetMs?: number;
  /** What its operator pays for it; what was set last. */
  price?: ClusterPriceText;
  createdAt: number;
  version: number;
}

/** What an agent finds in its cluster besides what Towpath put there. */
export interface ClusterFacts {
  conditions: Condition[];
  gpus: GpuPool[];
  /** What it has of each class that its agent was told of; absent: not counted (yet). */
  supply?: GpuSupply[];
}

/** What a cluster has of a GPU class, as its scheduler counts. */
export interface GpuSupply {
  /** By its name. */
  gpuClass: string;
  /** Nodes of the class, also those that are away. */
  nodes: number;
  /** The most GPUs that one of them has. */
  perNode: number;
  /** GPUs of the nodes that take instances now. */
  total: number;
  /** What instances, and whatever else runs on these nodes, hold of them. */
  taken: number;
  /** The most that are free on one node. */
  freePerNode: number;
}

/** Nodes with one kind of GPU. */
export interface GpuPool {
  /** As the nodes' label `nvidia.com/gpu.product` says; absent where none does. */
  product?: string;
  nodes: number;
  /** GPUs that instances may use, taken or free. */
  count: number;
}

/** What a second of an instance in a cluster costs, as exact decimals. */
export interface ClusterPriceText {
  currency: string;
  vcpuSecond: string;
  gibSecond: string;
  /** Of one GPU, by its class. */
  gpuSeconds: Record<string, string>;
  /** The UTC day from which on it is good, `YYYY-MM-DD`. */
  since: string;
}

/** The address of a cluster's ingress as gateways dial it. One port, HTTP/1.1 and h2c. */
export interface Door {
  host: string;
  port: number;
  /** It opens to the certificates of gateways only, and shows one of its own: HTTP over mutual TLS. */
  secure?: true;
}

/** A joined gateway. */
export interface Gateway {
  id: Id<'gw'>;
  region: string;
  joinedAt: number;
  lastSeenAt?: number;
}
