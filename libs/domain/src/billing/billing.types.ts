/** How many ms one block is (design D6). */
export const BLOCK_MS = 100;

export type BillingModel = 'concurrency' | 'per_request' | 'instance';

/** A price plan as data. Rates are exact decimals as strings, never numbers. */
export interface PricePlan {
  id: string;
  version: number;
  name: string;
  /** Three letters of ISO 4217. */
  currency: string;
  /** Places an amount is rounded to on an invoice (2 for cents). */
  decimals: number;
  model: BillingModel;
  items: PriceItem[];
}

/** One price: `rate` per `per` units of the measured quantity. */
export interface PriceItem {
  id: string;
  name: string;
  /** What is measured: block-time times memory (ms x MiB) or CPU (ms x milli-vCPU), or a count of requests. */
  measure: 'memory_time' | 'cpu_time' | 'requests';
  /** Exact decimal, e.g. `0.0000025`. */
  rate: string;
  /** The unit the rate is for, e.g. `100 ms x GiB`. */
  unit: string;
  /**
   * Measured quantity in one unit, an integer (e.g. 100 * 1024 for 100 ms x GiB). Made of twos and fives only, so that
   * every amount ends as a decimal.
   */
  quantityPerUnit: bigint;
}

/** Usage of one revision on one UTC day, as the windows sum it up. */
export interface UsageDay {
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
  cpuMillis: number;
  memoryMiB: number;
}
