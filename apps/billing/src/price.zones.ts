import { DEFAULT_ZONE, priceZoneOf, zoneSpans, type Interval, type ZoneSpan } from '#libs/domain';
import type { PlanFinder } from '#libs/store';
import type { LoadedThings } from './metered.things.js';

/** What ran, and where: in the region of its cluster. `region` is that of the gateway, for what reached no cluster. */
interface Placed {
  organizationId: string;
  clusterId?: string | undefined;
  region?: string;
}

/** The price zones that organizations' plans put usage in. */
export interface PriceZones {
  at(placed: Placed, atMs: number): string;
  within(placed: Placed, span: Interval): ZoneSpan[];
}

/** By these plans, of usage whose clusters were loaded. */
export function priceZones(plans: PlanFinder, things: LoadedThings): PriceZones {
  const at = ({ organizationId, clusterId, region }: Placed, atMs: number): string => {
    if (!plans.hasZones) return DEFAULT_ZONE;
    return priceZoneOf(things.region(clusterId) ?? region ?? '', plans.at(organizationId, atMs).zones);
  };
  const within = (placed: Placed, span: Interval): ZoneSpan[] => {
    const changes = plans.hasZones ? plans.changes(placed.organizationId) : [];
    return zoneSpans(span, changes, (atMs) => at(placed, atMs));
  };
  return { at, within };
}
