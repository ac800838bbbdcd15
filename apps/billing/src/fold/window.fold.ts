import {
  NOTHING_OPEN,
  capacityOf,
  carriedFrom,
  extraMeters,
  factsFor,
  foldWindow,
  oncePerPlan,
  sameEnds,
  windowsAfter,
  windowsBefore,
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
  type PlanFinder,
  type Tx,
} from '#libs/store';
import type { LoadedThings, MeteredThings } from '../metered.things.js';

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
  const plans = await planFinder(tx, [...new Set(taken.map(({ organizationId }) => organizationId))]);
  const metersOf = meterFinder(plans);
  let batch = taken;
  let folded = 0;
  for (let round = 0; batch.length > 0; round++) {
    if (round === MAX_ROUNDS) {
      await markDirty(tx, batch);
      return folded;
    }
    folded += batch.length;
    batch = await foldBatch(tx, batch, { things, plans, metersOf, now });
  }
  return folded;
}

/** What folding needs to know beside the windows. */
interface With {
  things: MeteredThings;
  plans: PlanFinder;
  metersOf: MeterFinder;
  now: number;
}

/** Folds these windows, oldest first; returns the windows after them that start differently now. */
async function foldBatch(
  tx: LeasedTx,
  keys: readonly WindowKey[],
  { things, plans, metersOf, now }: With,
): Promise<WindowKey[]> {
  const batch = keys.toSorted((a, b) => a.windowStartMs - b.windowStartMs);
  const loaded = await things.load(tx, {
    revisions: batch.flatMap(({ revisionId }) => (revisionId === '' ? [] : [revisionId])),
  });
  const before = await HandedOver.load(tx, batch, plans);
  const results: { key: WindowKey; window: BillingWindow }[] = [];
  const next: WindowKey[] = [];
  const asked = batch.map((key) => ({ ...key, ...factsFor(metersOf(key)) }));
  let place = 0;
  for await (const own of findWindowFacts(tx, asked)) {
    const key = batch[place++];
    if (!key) break;
    const shape = { capacity: capacityFor(key, loaded), meters: metersOf(key) };
    const window = foldWindow(key.windowStartMs, own, shape, before.carriedInto(key));
    results.push({ key, window });
    if (before.changes(key, window)) next.push(...before.followersOf(key));
    before.set(key, window);
  }
  await saveWindows(tx, results, now);
  const inBatch = new Set(batch.map(nameOf));
  const others = next.filter((key) => !inBatch.has(nameOf(key)));
  return [...new Map(others.map((key) => [nameOf(key), key])).values()];
}

function capacityFor(key: WindowKey, things: LoadedThings): Capacity {
  if (key.revisionId === '') return NOTHING_RUNS;
  const revision = things.revision(key.organizationId, key.revisionId);
  if (!revision) throw new Error(`revision ${key.revisionId} of a stored record is gone`);
  return capacityOf(revision);
}

/** What only the plan needs that is in force in a window. */
type MeterFinder = (key: WindowKey) => readonly Meter[];

function meterFinder(plans: PlanFinder): MeterFinder {
  const metersOf = oncePerPlan(extraMeters);
  return ({ organizationId, windowStartMs }) => metersOf(plans.at(organizationId, windowStartMs));
}

/** What the windows in hand and their neighbours hand over, as stored and as folded since. */
class HandedOver {
  private readonly ends = new Map<string, WindowEnds>();

  private constructor(private readonly plans: PlanFinder) {}

  static async load(tx: Tx, batch: readonly WindowKey[], plans: PlanFinder): Promise<HandedOver> {
    const handed = new HandedOver(plans);
    const keys = new Map<string, WindowKey>();
    for (const key of batch)
      for (const beside of [windowsBefore, windowsAfter])
        for (const one of [key, ...beside(key, plans.zonesOf(key.organizationId))])
          keys.set(nameOf(one), one);
    const stored = await findWindowEnds(tx, [...keys.values()]);
    [...keys.keys()].forEach((name, i) => {
      const own = stored[i];
      if (own) handed.ends.set(name, own);
    });
    return handed;
  }

  carriedInto(key: WindowKey): WindowEnds | undefined {
    return carriedFrom(
      windowsBefore(key, this.plans.zonesOf(key.organizationId)).map((one) => this.ends.get(nameOf(one))),
    );
  }

  changes(key: WindowKey, ends: WindowEnds): boolean {
    return !sameEnds(this.ends.get(nameOf(key)) ?? NOTHING_OPEN, ends);
  }

  /** Windows there are that begin with what this one hands over. */
  followersOf(key: WindowKey): WindowKey[] {
    return windowsAfter(key, this.plans.zonesOf(key.organizationId)).filter((one) =>
      this.ends.has(nameOf(one)),
    );
  }

  set(key: WindowKey, ends: WindowEnds): void {
    this.ends.set(nameOf(key), ends);
  }
}

function nameOf(key: WindowKey): string {
  return `${key.serviceId} ${key.revisionId} ${key.priceZone} ${key.windowStartMs}`;
}
