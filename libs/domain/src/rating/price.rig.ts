import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { parsePriceSchedule, type PriceSchedule } from '../price/schedule.js';
import { rateUsage, type RatedMonth, type Rating } from './rating.js';
import { parseUsageEntry, type UsageEntry } from './usage.entry.js';
import { UsageFold } from './usage.fold.js';

type Document = Record<string, unknown>;

const PRICES = join(import.meta.dirname, '../../../../docs/prices');

/** An example plan of docs/prices as data, with some fields changed. */
export function planDocument(name: string, change: Document = {}): Document {
  return { ...(loadAll(readFileSync(join(PRICES, `${name}.yaml`), 'utf8'))[0] as Document), ...change };
}

/** The same with another rate of one item. */
export function withRate(document: Document, id: string, rate: string): Document {
  const items = (document['items'] as Document[]).map((item) =>
    item['id'] === id ? { ...item, rate, tiers: undefined } : item,
  );
  return { ...document, items };
}

/** Rates entries that are sorted already. */
export function rateSorted(schedule: PriceSchedule, entries: Iterable<UsageEntry>): Rating {
  const fold = new UsageFold(schedule);
  for (const entry of entries) fold.add(entry);
  const { folded, held } = fold.finish();
  return rateUsage(schedule, folded, held);
}

/** Revisions first, then by start: the order a fold wants. */
export function sorted(entries: readonly UsageEntry[]): UsageEntry[] {
  const at = (entry: UsageEntry): number => (entry.kind === 'revision' ? -1 : entry.startMs);
  return entries.toSorted((a, b) => at(a) - at(b));
}

/** Rates lines of a usage file, given in any order, by plans as data. */
export function rateLines(plans: Document | readonly Document[], lines: readonly Document[]): Rating {
  const schedule = parsePriceSchedule(Array.isArray(plans) ? plans : [plans]);
  return rateSorted(schedule, sorted(lines.map(parseUsageEntry)));
}

/** What the only organization of the lines pays for the only month. */
export function theMonth(rating: Rating): RatedMonth {
  const [month, ...others] = rating.months;
  if (month === undefined || others.length > 0) throw new Error(`${rating.months.length} months, not one`);
  return month;
}

/** `item: rounded`, of what costs something or could have. */
export function roundedOf({ charges }: RatedMonth): Record<string, string> {
  return Object.fromEntries(charges.map(({ item, rounded }) => [item, rounded]));
}
