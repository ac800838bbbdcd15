import { canonical } from '../canonical.js';
import { refuseIfAny } from '../error.js';
import type { PriceSchedule } from '../price/schedule.js';
import type { Interval } from '../usage/usage.types.js';
import { unionOf } from '../usage/interval.js';
import { capacityOf } from './blocks.js';
import { Periods, type Asked, type Period } from './periods.js';
import type { Usage } from './pricing.js';
import { Followed, Series, type Source } from './series.js';
import type {
  BuildEntry,
  CountEntry,
  InstanceEntry,
  RequestEntry,
  RevisionEntry,
  UsageEntry,
} from './usage.entry.js';

/** What one source used in one zone in one period. */
export interface FoldedUsage {
  source: Source;
  period: Period;
  usage: Usage;
}

/** How long an organization had the plan in a period. */
export interface Held {
  organizationId: string;
  period: Period;
  ms: bigint;
}

/** How many entries there were, and what became of them. */
export interface FoldCounts {
  records: number;
  duplicates: number;
  notBillable: number;
  /** Requests of which time was left out: they waited for a first instance. */
  coldStarts: number;
}

type Timed = Exclude<UsageEntry, RevisionEntry>;

/**
 * Usage, entry by entry, ascending by `startMs` and each revision before its usage: what was used by source, zone and
 * period. It keeps what is active or open now, never what has passed, so it can be fed any number of entries.
 */
export class UsageFold {
  readonly counts: FoldCounts = { records: 0, duplicates: 0, notBillable: 0, coldStarts: 0 };
  private readonly periods: Periods;
  private readonly revisions = new Map<string, { entry: RevisionEntry; source: Source }>();
  private readonly series = new Map<string, { zones: Map<string, Series>; followed: Followed }>();
  private readonly subscriptions = new Map<string, Interval[]>();
  /** Identities at the present instant. */
  private readonly seen = new Map<string, UsageEntry>();
  private nowMs = 0;

  constructor(
    private readonly schedule: PriceSchedule,
    private readonly asked: Asked = {},
  ) {
    this.periods = new Periods(schedule, asked);
  }

  /**
   * @throws TowpathError INVALID_ARGUMENT for an entry out of order, of an unknown revision, of an identity with another
   * content, or from before the first version of the plan; the fold is not to be gone on with then
   */
  add(entry: UsageEntry): void {
    this.counts.records += 1;
    if (entry.kind === 'revision') return this.declare(entry);
    this.stepTo(entry);
    if (this.isRepeated(entry)) return;
    if (entry.kind === 'request') this.addRequest(entry);
    else if (entry.kind === 'instance') this.seriesOf(entry, entry.revisionId).addInstance(entry);
    else if (entry.kind === 'subscription') this.subscribe(entry.organizationId, entry);
    else if (entry.kind === 'build') this.seriesOf(entry, undefined).addBuild(entry);
    else this.seriesOf(entry, entry.revisionId).addCount(entry);
  }

  /** Everything that was used; the fold ends with it. */
  finish(): { folded: FoldedUsage[]; held: Held[] } {
    const all = [...this.series.values()].flatMap(({ zones }) => [...zones.values()]);
    for (const one of all) one.finish();
    const folded = all.flatMap(({ source, zone, tally }) =>
      [...tally.entries()].map(([period, quantities]) => {
        const usage = { zone, class: source.class, size: source.size, quantities };
        return { source, period, usage };
      }),
    );
    return { folded, held: [...this.subscriptions].flatMap(([id, spans]) => this.heldOf(id, spans)) };
  }

  private declare(entry: RevisionEntry): void {
    const known = this.revisions.get(entry.id)?.entry;
    if (known !== undefined) {
      if (canonical(known) !== canonical(entry))
        refuse('id', 'is a revision that was described otherwise before');
      this.counts.duplicates += 1;
      return;
    }
    const { cpuMillis, memoryMiB, diskMiB, gpus, gpuClass } = entry;
    const { id: revisionId, organizationId, serviceId, class: of } = entry;
    const size = { cpuMillis, memoryMiB, diskMiB, gpus, gpuClass };
    const source = { organizationId, serviceId, revisionId, class: of, size, capacity: capacityOf(entry) };
    this.revisions.set(entry.id, { entry, source });
  }

  private stepTo({ startMs }: Timed): void {
    if (startMs < this.nowMs)
      refuse('startMs', 'lies before the entry ahead of it: entries must be sorted by startMs');
    if (startMs > this.nowMs) this.seen.clear();
    this.nowMs = startMs;
    const { asked, priced } = this.periods.at(startMs);
    if (asked && !priced)
      refuse('startMs', `lies before version ${this.schedule[0].version} of the plan is in force`);
  }

  private isRepeated(entry: Timed): boolean {
    const id = 'id' in entry ? entry.id : undefined;
    if (id === undefined) return false;
    const before = this.seen.get(id);
    if (before === undefined) {
      this.seen.set(id, entry);
      return false;
    }
    if (canonical(plain(before)) !== canonical(plain(entry)))
      refuse('id', 'is the id of another entry with other content');
    this.counts.duplicates += 1;
    return true;
  }

  private addRequest(entry: RequestEntry): void {
    const { isBillable, waited } = this.seriesOf(entry, entry.revisionId).addRequest(entry);
    if (!isBillable) this.counts.notBillable += 1;
    if (waited) this.counts.coldStarts += 1;
  }

  private seriesOf(
    entry: RequestEntry | InstanceEntry | BuildEntry | CountEntry,
    revisionId: string | undefined,
  ): Series {
    const zone = this.periods.at(entry.startMs).zoneOf(entry.region);
    const key = revisionId ?? looseKey(entry as BuildEntry | CountEntry);
    const own = this.series.get(key) ?? { zones: new Map<string, Series>(), followed: new Followed() };
    const known = own.zones.get(zone);
    if (known !== undefined) return known;
    const source =
      revisionId === undefined ? looseSource(entry as BuildEntry | CountEntry) : this.revisionOf(revisionId);
    const made = new Series(source, zone, this.periods, own.followed, entry.startMs);
    own.zones.set(zone, made);
    this.series.set(key, own);
    return made;
  }

  private revisionOf(id: string): Source {
    const source = this.revisions.get(id)?.source;
    if (source === undefined) refuse('revisionId', 'is a revision that no entry before it describes');
    return source;
  }

  private subscribe(organizationId: string, { startMs, endMs }: Interval): void {
    const spans = this.subscriptions.get(organizationId) ?? [];
    this.subscriptions.set(organizationId, unionOf([...spans, { startMs, endMs }]));
  }

  private heldOf(organizationId: string, spans: readonly Interval[]): Held[] {
    const held = new Map<Period, bigint>();
    for (const { startMs, endMs } of spans) {
      for (let at = startMs; at < endMs;) {
        const period = this.periods.at(at);
        const stop = Math.min(endMs, period.endMs);
        if (period.asked) held.set(period, (held.get(period) ?? 0n) + BigInt(stop - at));
        at = stop;
      }
    }
    return [...held].map(([period, ms]) => ({ organizationId, period, ms }));
  }
}

/** Usage that belongs to no revision has no size: only what is multiplied by `one` costs. */
function looseSource({ organizationId, serviceId, class: of }: BuildEntry | CountEntry): Source {
  const size = { cpuMillis: 0, memoryMiB: 0, diskMiB: 0, gpus: 0, gpuClass: undefined };
  const capacity = { concurrency: 1, maxInstances: 1 };
  return { organizationId, serviceId, revisionId: undefined, class: of, size, capacity };
}

/** Holds a space, which no id does. */
function looseKey({ organizationId, serviceId = '', class: of = '' }: BuildEntry | CountEntry): string {
  return `${organizationId} ${serviceId} ${of}`;
}

/** A count holds a big integer, which JSON has no word for. */
function plain(entry: UsageEntry): unknown {
  return 'quantity' in entry ? { ...entry, quantity: String(entry.quantity) } : entry;
}

function refuse(field: string, message: string): never {
  refuseIfAny([{ field, message }]);
  throw new RangeError(message);
}
