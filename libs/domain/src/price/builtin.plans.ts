import type { PricePlan } from './plan.types.js';
import { parsePricePlan } from './plan.validation.js';

/** The only place with prices. */
const BUILTIN = {
  id: 'builtin',
  version: 1,
  name: 'Built-in',
  currency: 'USD',
  decimals: 2,
  effectiveFrom: '1970-01-01T00:00:00Z',
  model: 'concurrency',
  items: [
    {
      id: 'cpu',
      name: 'CPU time',
      measure: 'request_time',
      times: 'vcpu',
      rate: '0.0000024',
      per: '100 ms',
      unit: '100 ms x vCPU',
    },
    {
      id: 'memory',
      name: 'Memory time',
      measure: 'request_time',
      times: 'gib',
      rate: '0.00000025',
      per: '100 ms',
      unit: '100 ms x GiB',
    },
    {
      id: 'requests',
      name: 'Requests',
      measure: 'requests',
      rate: '0.40',
      per: '1000000',
      unit: '1,000,000 requests',
    },
  ],
};

const MEMORY_TICKS = {
  id: 'memory-ticks',
  version: 1,
  name: 'Memory by 100 ms',
  currency: 'USD',
  decimals: 2,
  effectiveFrom: '1970-01-01T00:00:00Z',
  model: 'per_request',
  items: [
    {
      id: 'memory',
      name: 'Memory time',
      measure: 'request_time',
      times: 'gib',
      rate: '0.00000165',
      per: '100 ms',
      unit: '100 ms x GiB',
    },
  ],
};

/** What an organization is billed by that was given no other plan, in the shape of Cloud Run's tier 1. */
export const BUILTIN_PLAN: PricePlan = parsePricePlan(BUILTIN);

/** The other shape: each request alone, rounded up to 100 ms, times the memory allocated to it; nothing else. */
export const MEMORY_TICK_PLAN: PricePlan = parsePricePlan(MEMORY_TICKS);

/** The plans that are there without any file. */
export const BUILTIN_PLANS: readonly PricePlan[] = [BUILTIN_PLAN, MEMORY_TICK_PLAN];

/** The same as data. */
export const BUILTIN_DOCUMENTS: readonly Record<string, unknown>[] = [BUILTIN, MEMORY_TICKS];
