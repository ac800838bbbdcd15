import {
  carriedFrom,
  extraMeters,
  factsFor,
  foldWindow,
  monthOf,
  needsBuilds,
  needsInstances,
  sumMetered,
  windowBefore,
  windowsBefore,
  type BillPart,
  type BillPeriod,
  type BillingWindow,
  type UsageDay,
  type WindowEnds,
  type ZonedPlans,
} from '#libs/domain';
import {
  findBillPeriods,
  findWindowEnds,
  findReplayedWindows,
  findWindowFacts,
  zonesOfPlans,
  type ReplayedWindow,
  type Tx,
} from '#libs/store';

/** Windows whose facts are read at once. */
const BATCH = 256;

export interface ReplaySpan {
  organizationId: string;
  fromMs: number;
  toMs: number;
  settledAt?: number | undefined;
  position?: number | undefined;
  /** Whether the plans of the periods have other price zones than those that were in force. */
  rezoned?: boolean | undefined;
}

/** From when on usage is counted for a plan. */
export type ReplayPeriod = Pick<BillPeriod, 'startMs' | 'plan'>;

/** A window as it is counted again. */
export interface CountedAgain {
  of: ReplayedWindow;
  window: BillingWindow;
  /** What was open when it began. */
  carried: WindowEnds | undefined;
  /** In which of the periods it lies. */
  period: number;
}

/** Usage of a span from its raw records, one list for each period. */
export async function replayUsage(
  tx: Tx,
  span: ReplaySpan,
  periods: readonly ReplayPeriod[],
): Promise<{ days: BillPart['days'][]; windows: number }> {
  const sums = periods.map(() => new Map<string, UsageDay>());
  let windows = 0;
  for await (const { of, window, period } of replayWindows(tx, span, periods)) {
    addTo(sums[period], of, window);
    windows += 1;
  }
  return { days: sums.map((days) => inOrder([...days.values()])), windows };
}

/**
 * Windows of a span from its raw records, revision by revision: the fold of the live path, window by window. Blocks that were open
 * when the span began are those of the live path, whatever plan is asked about, found by the names of their price zones: a zone
 * that only the plan asked about has begins with none.
 */
export async function* replayWindows(
  tx: Tx,
  span: ReplaySpan,
  periods: readonly ReplayPeriod[],
): AsyncGenerator<CountedAgain> {
  const meters = periods.map(({ plan }) => extraMeters(plan));
  const zones = span.rezoned === true ? await zonesOfPlans(tx, periods) : undefined;
  const windows = await findReplayedWindows(tx, {
    ...span,
    zones,
    instances: periods.some(({ plan }) => needsInstances(plan)),
    builds: periods.some(({ plan }) => needsBuilds(plan)),
  });
  const handed = new HandedOver(tx, span.fromMs, await plansFrom(tx, span, periods));
  for (let from = 0; from < windows.length; from += BATCH) {
    const batch = windows.slice(from, from + BATCH);
    const facts = findWindowFacts(
      tx,
      batch.map(({ key }) => ({
        ...key,
        ...factsFor(meters[periodAt(periods, key.windowStartMs)] ?? []),
      })),
      zones,
    );
    let next = 0;
    for await (const own of facts) {
      const one = batch[next++];
      if (!one) break;
      const carried = await handed.carriedInto(one);
      const period = periodAt(periods, one.key.windowStartMs);
      const shape = { capacity: one.capacity, meters: meters[period] ?? [] };
      const window = foldWindow(one.key.windowStartMs, own, shape, carried);
      handed.set(one, window);
      yield { of: one, window, carried, period };
    }
  }
}

/** What windows of one revision hand over, minute by minute; what was open before the span is kept with its last window. */
class HandedOver {
  private revision = '';
  private minuteMs = 0;
  private before = new Map<string, WindowEnds>();
  private now = new Map<string, WindowEnds>();

  constructor(
    private readonly tx: Tx,
    private readonly fromMs: number,
    private readonly plans: ZonedPlans,
  ) {}

  async carriedInto({ key }: ReplayedWindow): Promise<WindowEnds | undefined> {
    this.goTo(`${key.serviceId} ${key.revisionId}`, key.windowStartMs);
    const before = windowsBefore(key, this.plans);
    const isStored = windowBefore(key.windowStartMs) < this.fromMs;
    return carriedFrom(
      isStored
        ? await findWindowEnds(this.tx, before)
        : before.map(({ priceZone }) => this.before.get(priceZone)),
    );
  }

  set({ key }: ReplayedWindow, ends: WindowEnds): void {
    this.now.set(key.priceZone, ends);
  }

  private goTo(revision: string, minuteMs: number): void {
    if (revision === this.revision && minuteMs === this.minuteMs) return;
    const goesOn = revision === this.revision && windowBefore(minuteMs) === this.minuteMs;
    this.before = goesOn ? this.now : new Map<string, WindowEnds>();
    this.now = new Map();
    [this.revision, this.minuteMs] = [revision, minuteMs];
  }
}

/** What was in force before the span, and the periods from its beginning on. */
async function plansFrom(
  tx: Tx,
  { organizationId, fromMs }: ReplaySpan,
  periods: readonly ReplayPeriod[],
): Promise<ZonedPlans> {
  const last = (await findBillPeriods(tx, organizationId, monthOf(fromMs - 1))).at(-1);
  const before = last ?? periods[0];
  const plans = [...(last ? [last] : []), ...periods].map(({ plan }) => plan);
  return {
    hasZones: plans.some(({ zones }) => zones.length > 0),
    at: (atMs) => (periods.findLast(({ startMs }) => startMs <= atMs) ?? before)?.plan ?? { zones: [] },
  };
}

function seriesOf({ key: { serviceId, revisionId, priceZone } }: Pick<ReplayedWindow, 'key'>): string {
  return `${serviceId} ${revisionId} ${priceZone}`;
}

/** Revision by revision, each by price zone, as the days of a bill are. */
function inOrder(days: readonly UsageDay[]): UsageDay[] {
  return [...Map.groupBy(days, ({ revisionId }) => revisionId).values()].flatMap((own) =>
    own.sort((a, b) => (a.priceZone < b.priceZone ? -1 : 1)),
  );
}

function periodAt(periods: readonly ReplayPeriod[], atMs: number): number {
  return Math.max(
    0,
    periods.findLastIndex(({ startMs }) => startMs <= atMs),
  );
}

/** Days of a bill are for reading; for its sums a month of a revision is one. Names are for reading too. */
function addTo(sums: Map<string, UsageDay> | undefined, one: ReplayedWindow, window: BillingWindow): void {
  const { projectId, serviceId, revisionId } = one.key;
  const sum = sums?.get(seriesOf(one)) ?? {
    ...{ projectId, project: '', serviceId, service: '', revisionId, day: '', ...one.size },
    ...{ requests: 0n, notBillableRequests: 0n, blocks: 0n, perRequestUnits: 0n },
    ...{ requestBytes: 0n, responseBytes: 0n },
  };
  sum.requests += window.requests;
  sum.blocks += window.blocks;
  sum.perRequestUnits += window.perRequestUnits;
  sum.requestBytes += window.requestBytes;
  sum.responseBytes += window.responseBytes;
  sum.metered = sumMetered([sum.metered, window.metered]);
  sums?.set(seriesOf(one), sum);
}
