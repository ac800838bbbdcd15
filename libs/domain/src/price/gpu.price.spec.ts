import { hasGpuPrice } from './gpu.price.js';
import { parsePricePlan } from './plan.validation.js';

const l4 = { id: 'l4', name: 'L4', measure: 'gpu_time', gpuClass: 'l4', rate: '0', per: '1 s', unit: 's' };
const planOf = (...items: object[]) =>
  parsePricePlan({
    ...{ id: 'gpus', version: 1, name: 'GPUs', currency: 'USD', decimals: 2, items },
    ...{ effectiveFrom: '1970-01-01T00:00:00Z', zones: [{ name: 'far', regions: ['moon'] }] },
  });

it.each<[string, object[], string, boolean]>([
  ['a price of its class, also of nothing', [l4], 'l4', true],
  ['a price of another class', [l4], 'h100', false],
  ['a price of active instances only', [{ ...l4, states: ['active'] }], 'l4', false],
  ['a price in one of its zones', [{ ...l4, zones: ['far'] }], 'l4', false],
  [
    'a price in each',
    [
      { ...l4, zones: ['far'] },
      { ...l4, id: 'near', zones: ['default'] },
    ],
    'l4',
    true,
  ],
])('%s', (_name, items, gpuClass, has) => expect(hasGpuPrice(planOf(...items), gpuClass)).toBe(has));
