import {
  extraMeters,
  foldWindow,
  isOfInstances,
  needsInstances,
  sumMetered,
  windowBefore,
  type BillPart,
  type BillPeriod,
  type BillingWindow,
  type UsageDay,
  type WindowEnds,
} from '#libs/domain';
import {
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
  return { days: sums.map((days) => [...days.values()]), windows };
}

/**
 * Windows of a span from its raw records, series by series: the fold of the live path, window by window. Blocks that were open
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
  });
  let before: { of: ReplayedWindow; ends: WindowEnds } | undefined;
  for (let from = 0; from < windows.length; from += BATCH) {
    const batch = windows.slice(from, from + BATCH);
    const facts = await findWindowFacts(
      tx,
      batch.map(({ key }) => ({
        ...key,
        instances: meters[periodAt(periods, key.windowStartMs)]?.some(isOfInstances) === true,
      })),
      zones,
    );
    for (const [i, one] of batch.entries()) {
      const own = facts[i];
      if (!own) continue;
      const carried = await carriedInto(tx, one, before, span.fromMs);
      const period = periodAt(periods, one.key.windowStartMs);
      const shape = { capacity: one.capacity, meters: meters[period] ?? [] };
      const window = foldWindow(one.key.windowStartMs, own, shape, carried);
      before = { of: one, ends: window };
      yield { of: one, window, carried, period };
    }
  }
}

/** Blocks of the window before; those of the month before are kept with its last window. */
async function carriedInto(
  tx: Tx,
  { key }: ReplayedWindow,
  before: { of: ReplayedWindow; ends: WindowEnds } | undefined,
  fromMs: number,
): Promise<WindowEnds | undefined> {
  const windowStartMs = windowBefore(key.windowStartMs);
  if (windowStartMs < fromMs) return (await findWindowEnds(tx, [{ ...key, windowStartMs }]))[0];
  return before && seriesOf(before.of) === seriesOf({ key }) && before.of.key.windowStartMs === windowStartMs
    ? before.ends
    : undefined;
}

function seriesOf({ key: { serviceId, revisionId, priceZone } }: Pick<ReplayedWindow, 'key'>): string {
  return `${serviceId} ${revisionId} ${priceZone}`;
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
