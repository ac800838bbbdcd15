import type { PriceZone } from './plan.types.js';

/** The zone of regions that no zone of a plan names. */
export const DEFAULT_ZONE = 'default';

/**
 * The price zone of a region: the set of regions with one price. Every region of an installation belongs to zone
 * `default` as long as its price plans name no other.
 */
export function priceZoneOf(region: string, zones: readonly PriceZone[] = []): string {
  return zones.find((zone) => zone.regions.includes(region))?.name ?? DEFAULT_ZONE;
}
