import { DEFAULT_ZONE, priceZoneOf, zoneSpans, type Interval, type ZoneSpan } from '#libs/domain';
import { planFinder, type Tx } from '#libs/store';
import type { MeteredThings } from './metered.things.js';

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

/** Of usage whose clusters are loaded. */
export async function priceZones(
  tx: Tx,
  things: MeteredThings,
  usage: readonly Placed[],
): Promise<PriceZones> {
  const organizations = [...new Set(usage.map(({ organizationId }) => organizationId))];
  const plans = await planFinder(tx, organizations);
  const zoned = new Set(
    organizations.filter((id) =>
      [0, ...plans.changes(id)].some((atMs) => plans.at(id, atMs).zones.length > 0),
    ),
  );
  const at = ({ organizationId, clusterId, region }: Placed, atMs: number): string => {
    if (!zoned.has(organizationId)) return DEFAULT_ZONE;
    return priceZoneOf(things.region(clusterId) ?? region ?? '', plans.at(organizationId, atMs).zones);
  };
  return {
    at,
    within: (placed, span) =>
      zoneSpans(span, plans.changes(placed.organizationId), (atMs) => at(placed, atMs)),
  };
}
