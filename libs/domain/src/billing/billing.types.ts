import type { Quantities } from '../rating/meters.js';

/** The size of a revision, as far as it has a price. */
export interface BilledSize {
  cpuMillis: number;
  memoryMiB: number;
  /** Both absent without GPUs. */
  gpus?: number | undefined;
  gpuClass?: string | undefined;
}

/** Usage of one revision on one UTC day, as the windows sum it up. */
export interface UsageDay extends BilledSize {
  projectId: string;
  /** The project's handle. */
  project: string;
  serviceId: string;
  service: string;
  /** Both absent for what was answered before a revision was chosen. */
  revisionId?: string;
  revision?: string;
  priceZone: string;
  /** `YYYY-MM-DD`. */
  day: string;
  requests: bigint;
  notBillableRequests: bigint;
  /** Blocks of 100 ms under model `concurrency`. */
  blocks: bigint;
  /** Units of 100 ms under model `per_request`. */
  perRequestUnits: bigint;
  requestBytes: bigint;
  responseBytes: bigint;
  /** What only the plan in force needs, by the names of its meters (see meterKey). */
  metered?: Quantities | undefined;
}
