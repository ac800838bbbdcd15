import type { Interval } from '../usage/usage.types.js';
import type { PricePlan, PriceZone } from './plan.types.js';

/** The zone of regions that no zone of a plan names. */
export const DEFAULT_ZONE = 'default';

/** The price zone of a region: the set of regions with one price. */
export function priceZoneOf(region: string, zones: readonly PriceZone[] = []): string {
  return zones.find((zone) => zone.regions.includes(region))?.name ?? DEFAULT_ZONE;
}

/** A part of an interval that lies in one price zone. */
export interface ZoneSpan extends Interval {
  zone: string;
}

/**
 * The price zones of a region in an interval.
 * @param changes instants at which another plan may come into force, ascending
 * @returns ascending, without gaps, neighbours in different zones
 */
export function zoneSpans(
  { startMs, endMs }: Interval,
  changes: readonly number[],
  zoneAt: (atMs: number) => string,
): ZoneSpan[] {
  const spans: ZoneSpan[] = [];
  const starts = [startMs, ...changes.filter((atMs) => atMs > startMs && atMs < endMs)];
  for (const [i, from] of starts.entries()) {
    const [zone, to] = [zoneAt(from), starts[i + 1] ?? endMs];
    const last = spans.at(-1);
    if (last?.zone === zone) last.endMs = to;
    else spans.push({ zone, startMs: from, endMs: to });
  }
  return spans;
}

/** All zones of a plan, where another plan puts regions in others: what goes on from one to the other may be in any of them. */
export function zonesBeside(plan: Pick<PricePlan, 'zones'>, other: Pick<PricePlan, 'zones'>): string[] {
  return sameZones(plan, other) ? [] : [DEFAULT_ZONE, ...plan.zones.map(({ name }) => name)];
}

/** Whether any of these plans puts a region in another zone than the one that it is asked in place of. */
export function rezones(
  asked: readonly { plan: Pick<PricePlan, 'zones'> }[],
  inForce: readonly { plan: Pick<PricePlan, 'zones'> }[],
): boolean {
  return asked.some(({ plan }, i) => !sameZones(plan, inForce[i]?.plan ?? plan));
}

/** Whether two plans put every region in a zone of the same name. */
export function sameZones(a: Pick<PricePlan, 'zones'>, b: Pick<PricePlan, 'zones'>): boolean {
  const regions = [...a.zones, ...b.zones].flatMap((zone) => zone.regions);
  return regions.every((region) => priceZoneOf(region, a.zones) === priceZoneOf(region, b.zones));
}
