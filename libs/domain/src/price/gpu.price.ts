import type { PricePlan } from './plan.types.js';
import { DEFAULT_ZONE } from './zones.js';

const HELD = ['active', 'idle'] as const;

/**
 * Whether a plan has a price for GPUs of a class in each of its zones, active and idle: 0 is a price, none would be a gift
 * by accident.
 */
export function hasGpuPrice({ items, zones }: PricePlan, gpuClass: string): boolean {
  const ofClass = items.filter((item) => item.measure === 'gpu_time' && item.gpuClass === gpuClass);
  return [DEFAULT_ZONE, ...zones.map(({ name }) => name)].every((zone) => {
    const there = ofClass.filter((item) => item.zones?.includes(zone) ?? true);
    return HELD.every((state) => there.some((item) => item.states?.includes(state) ?? true));
  });
}
