import type { GpuSupply, Toleration } from '#libs/domain';
import type { ConditionView } from './wire.types.js';

export interface ClusterView {
  id: string;
  name: string;
  provider: string;
  region: string;
  zone: string;
  runtime: string;
  joinedAt?: string;
  lastSeenAt?: string;
  cordonedAt?: string;
  drain?: {
    startedAt: string;
    total: number;
    left?: number;
    waiting?: { service: string; reason?: string }[];
  };
  price?: {
    currency: string;
    vcpuSecond: string;
    gibSecond: string;
    gpuSeconds: { gpuClass: string; price: string }[];
    since: string;
  };
  gpus: { product?: string; nodes: number; count: number }[];
  gpuSupply?: GpuSupplyView[];
  clockOffsetMs?: number;
  conditions: ConditionView[];
}

export interface GpuSupplyView extends GpuSupply {
  free: number;
}

export interface GpuClassView {
  id: string;
  name: string;
  resource: string;
  nodeLabels: { name: string; value: string }[];
  tolerations: Toleration[];
  minCpuMillis?: number;
  minMemoryMiB?: number;
  maxGpus?: number;
  createdAt: string;
}
