import { monthAround, monthOf } from '../month.js';
import type { PricePlan } from '../price/plan.types.js';
import { planAt, type PriceSchedule } from '../price/schedule.js';
import { priceZoneOf } from '../price/zones.js';
import { metersOf, type Meter } from './meters.js';

/** A stretch of time within one UTC month and one version of the plan: what opens in it is rated alike. */
export interface Period {
  startMs: number;
  endMs: number;
  /** `YYYY-MM`. */
  month: string;
  plan: PricePlan;
  meters: readonly Meter[];
  /** What opens in it is asked for; outside, usage is only followed. */
  asked: boolean;
  /** False before the first version of the plan. */
  priced: boolean;
  /** The price zone of a region. */
  zoneOf(region: string): string;
}

/** The part of time that is asked for, [fromMs, toMs). */
export interface Asked {
  fromMs?: number | undefined;
  toMs?: number | undefined;
}

/** Finds the period of an instant. */
export class Periods {
  private readonly known = new Map<number, Period>();
  private last: Period | undefined;
  private readonly borders: number[];

  constructor(
    private readonly schedule: PriceSchedule,
    private readonly asked: Asked,
  ) {
    const given = [asked.fromMs, asked.toMs].filter((at) => at !== undefined);
    this.borders = [...schedule.map(({ effectiveFromMs }) => effectiveFromMs), ...given];
  }

  at(atMs: number): Period {
    const { last } = this;
    if (last !== undefined && atMs >= last.startMs && atMs < last.endMs) return last;
    const [startMs, endMs] = this.spanAt(atMs);
    const period = this.known.get(startMs) ?? this.make(startMs, endMs);
    this.known.set(startMs, period);
    this.last = period;
    return period;
  }

  private spanAt(atMs: number): [number, number] {
    let { startMs, endMs } = monthAround(atMs);
    for (const border of this.borders) {
      if (border <= atMs) startMs = Math.max(startMs, border);
      else endMs = Math.min(endMs, border);
    }
    return [startMs, endMs];
  }

  private make(startMs: number, endMs: number): Period {
    const { fromMs = -Infinity, toMs = Infinity } = this.asked;
    const inForce = planAt(this.schedule, startMs);
    const plan = inForce ?? this.schedule[0];
    return {
      startMs,
      endMs,
      month: monthOf(startMs),
      plan,
      meters: metersOf(plan).meters,
      asked: startMs >= fromMs && startMs < toMs,
      priced: inForce !== undefined,
      zoneOf: remembered((region) => priceZoneOf(region, plan.zones)),
    };
  }
}

/** Zones hold hundreds of regions, and every entry asks. */
function remembered(find: (region: string) => string): (region: string) => string {
  const known = new Map<string, string>();
  return (region) => {
    const zone = known.get(region) ?? find(region);
    known.set(region, zone);
    return zone;
  };
}
