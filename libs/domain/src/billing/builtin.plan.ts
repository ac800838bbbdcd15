import type { PricePlan } from './billing.types.js';

/** The only place with prices: the plan of an installation that has set none, in the shape of Cloud Run's tier 1. */
export const BUILTIN_PLAN: PricePlan = {
  id: 'builtin',
  version: 1,
  name: 'Built-in',
  currency: 'USD',
  decimals: 2,
  model: 'concurrency',
  items: [
    {
      id: 'cpu',
      name: 'CPU time',
      measure: 'cpu_time',
      rate: '0.0000024',
      unit: '100 ms x vCPU',
      quantityPerUnit: 100_000n,
    },
    {
      id: 'memory',
      name: 'Memory time',
      measure: 'memory_time',
      rate: '0.00000025',
      unit: '100 ms x GiB',
      quantityPerUnit: 102_400n,
    },
    {
      id: 'requests',
      name: 'Requests',
      measure: 'requests',
      rate: '0.40',
      unit: '1,000,000 requests',
      quantityPerUnit: 1_000_000n,
    },
  ],
};
