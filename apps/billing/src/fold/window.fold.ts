import {
  NOTHING_OPEN,
  capacityOf,
  extraMeters,
  foldWindow,
  isOfInstances,
  oncePerPlan,
  sameEnds,
  windowAfter,
  windowBefore,
  type BillingWindow,
  type Capacity,
  type Meter,
  type WindowEnds,
  type WindowKey,
} from '#libs/domain';
import {
  findWindowEnds,
  findWindowFacts,
  markDirty,
  planFinder,
  saveWindows,
  takeDirty,
  type LeasedTx,
  type Tx,
} from '#libs/store';
import type { MeteredThings } from '../metered.things.js';

/** Windows folded in one transaction. One organization's are few: whoever comes next waits for that transaction. */
export const FOLD_LIMITS = { all: 256, each: 16 };
/** Rounds of "the next window starts differently now" in one transaction; what is left is marked and comes next. */
const MAX_ROUNDS = 50;
/** What was answered before a revision was chosen runs nothing. */
const NOTHING_RUNS: Capacity = { concurrency: 1, maxInstances: 1 };

/** What one transaction folded. */
export interface Folded {
  /** 0 means that nothing is left. */
  windows: number;
  /** Marks that were taken, by organization. */
  marks: Map<string, number>;
}

/**
 * Folds marked windows of a shard: reads what they are made of, sweeps, sets the rows. When the open blocks at a
 * window's end change, the next window is folded too, until the carried state equals the stored one.
 */
export async function foldShard(
  tx: LeasedTx,
  shard: number,
  things: MeteredThings,
  now: number,
  resting: readonly string[] = [],
): Promise<Folded> {
  const taken = await takeDirty(tx, shard, { ...FOLD_LIMITS, resting });
  const marks = new Map<string, number>();
  for (const { organizationId } of taken) marks.set(organizationId, (marks.get(organizationId) ?? 0) + 1);
  return { windows: await foldAll(tx, taken, things, now), marks };
}

async function foldAll(
  tx: LeasedTx,
  taken: readonly WindowKey[],
  things: MeteredThings,
  now: number,
): Promise<number> {
  const metersOf = await meterFinder(tx, taken);
  let batch = taken;
  let folded = 0;
  for (let round = 0; batch.length > 0; round++) {
    if (round === MAX_ROUNDS) {
      await markDirty(tx, batch);
      return folded;
    }
    folded += batch.length;
    batch = await foldBatch(tx, batch, { things, metersOf, now });
  }
  return folded;
}

/** Folds these windows, oldest first; returns the windows after them that start differently now. */
async function foldBatch(
  tx: LeasedTx,
  keys: readonly WindowKey[],
  { things, metersOf, now }: { things: MeteredThings; metersOf: MeterFinder; now: number },
): Promise<WindowKey[]> {
  const batch = keys.toSorted((a, b) => a.windowStartMs - b.windowStartMs);
  await things.load(tx, {
    revisions: batch.flatMap(({ revisionId }) => (revisionId === '' ? [] : [revisionId])),
  });
  const facts = await findWindowFacts(
    tx,
    batch.map((key) => ({ ...key, instances: metersOf(key).some(isOfInstances) })),
  );
  const before = await HandedOver.load(tx, batch);
  const results: { key: WindowKey; window: BillingWindow }[] = [];
  const next: WindowKey[] = [];
  for (const [i, key] of batch.entries()) {
    const own = facts[i];
    if (!own) continue;
    const shape = { capacity: capacityFor(key, things), meters: metersOf(key) };
    const window = foldWindow(key.windowStartMs, own, shape, before.carriedInto(key));
    results.push({ key, window });
    const follower = { ...key, windowStartMs: windowAfter(key.windowStartMs) };
    if (before.changes(key, window) && before.exists(follower)) next.push(follower);
    before.set(key, window);
  }
  await saveWindows(tx, results, now);
  const inBatch = new Set(batch.map(nameOf));
  return next.filter((key) => !inBatch.has(nameOf(key)));
}

function capacityFor(key: WindowKey, things: MeteredThings): Capacity {
  if (key.revisionId === '') return NOTHING_RUNS;
  const revision = things.revision(key.organizationId, key.revisionId);
  if (!revision) throw new Error(`revision ${key.revisionId} of a stored record is gone`);
  return capacityOf(revision);
}

/** What only the plan needs that is in force in a window. */
type MeterFinder = (key: WindowKey) => readonly Meter[];

/** For windows of the same organizations. */
async function meterFinder(tx: Tx, windows: readonly WindowKey[]): Promise<MeterFinder> {
  const plans = await planFinder(tx, [...new Set(windows.map(({ organizationId }) => organizationId))]);
  const metersOf = oncePerPlan(extraMeters);
  return ({ organizationId, windowStartMs }) => metersOf(plans.at(organizationId, windowStartMs));
}

/** What the windows in hand and their neighbours hand over, as stored and as folded since. */
class HandedOver {
  private constructor(private readonly ends: Map<string, WindowEnds>) {}

  static async load(tx: Tx, batch: readonly WindowKey[]): Promise<HandedOver> {
    const keys = new Map<string, WindowKey>();
    for (const key of batch) {
      for (const windowStartMs of [
        windowBefore(key.windowStartMs),
        key.windowStartMs,
        windowAfter(key.windowStartMs),
      ]) {
        keys.set(nameOf({ ...key, windowStartMs }), { ...key, windowStartMs });
      }
    }
    const stored = await findWindowEnds(tx, [...keys.values()]);
    const ends = new Map<string, WindowEnds>();
    [...keys.keys()].forEach((name, i) => {
      const own = stored[i];
      if (own) ends.set(name, own);
    });
    return new HandedOver(ends);
  }

  carriedInto(key: WindowKey): WindowEnds | undefined {
    return this.ends.get(nameOf({ ...key, windowStartMs: windowBefore(key.windowStartMs) }));
  }

  changes(key: WindowKey, ends: WindowEnds): boolean {
    return !sameEnds(this.ends.get(nameOf(key)) ?? NOTHING_OPEN, ends);
  }

  exists(key: WindowKey): boolean {
    return this.ends.has(nameOf(key));
  }

  set(key: WindowKey, ends: WindowEnds): void {
    this.ends.set(nameOf(key), ends);
  }
}

function nameOf(key: WindowKey): string {
  return `${key.serviceId} ${key.revisionId} ${key.priceZone} ${key.windowStartMs}`;
}
