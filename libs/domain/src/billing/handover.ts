import type { PricePlan } from '../price/plan.types.js';
import { zonesBeside } from '../price/zones.js';
import { NOTHING_OPEN, type WindowEnds } from './fold.js';
import { furthest } from './instance.time.js';
import { windowAfter, windowBefore, type WindowKey } from './window.js';

/** What an organization is billed by, as far as it says where regions are. */
export interface ZonedPlans {
  /** Whether any of them has price zones. */
  hasZones: boolean;
  at(atMs: number): Pick<PricePlan, 'zones'>;
}

/**
 * Whose ends a window begins with: those of the minute before in its own zone, first; where another plan puts regions in other zones
 * from this minute on, also those of all other zones, since an instance may have been in any of them.
 */
export function windowsBefore<K extends WindowKey>(key: K, plans: ZonedPlans): K[] {
  return beside(key, windowBefore(key.windowStartMs), plans);
}

/** The windows that begin with what this one hands over: of each, it is one of windowsBefore. */
export function windowsAfter<K extends WindowKey>(key: K, plans: ZonedPlans): K[] {
  return beside(key, windowAfter(key.windowStartMs), plans);
}

function beside<K extends WindowKey>(key: K, windowStartMs: number, plans: ZonedPlans): K[] {
  const own = { ...key, windowStartMs };
  if (!plans.hasZones) return [own];
  const zones = zonesBeside(plans.at(windowStartMs), plans.at(key.windowStartMs));
  const others = zones.filter((zone) => zone !== key.priceZone);
  return [own, ...others.map((priceZone) => ({ ...own, priceZone }))];
}

/**
 * What a window begins with. Blocks of requests stay in their zone; instances go on being covered, wherever they were.
 * @param ends of windowsBefore, in their order
 */
export function carriedFrom([own, ...others]: readonly (WindowEnds | undefined)[]): WindowEnds | undefined {
  const all = [own, ...others].filter((ends) => ends !== undefined);
  if (all.length === 0 || others.length === 0) return own;
  const { open, lanes } = own ?? NOTHING_OPEN;
  return { open, lanes: new Map([...lanes, ...furthest(all.map((ends) => ends.lanes))]) };
}
