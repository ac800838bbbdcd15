/** How many ms one block is (design D6). */
export const BLOCK_MS = 100;

export type BillingModel = 'concurrency' | 'per_request' | 'instance';

/** A price plan as data. Rates are exact decimals as strings, never numbers. */
export interface PricePlan {
  id: string;
  version: number;
  name: string;
  currency: string;
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
  /** Measured quantity in one unit, an integer (e.g. 100 * 1024 for 100 ms x GiB). */
  quantityPerUnit: bigint;
}
