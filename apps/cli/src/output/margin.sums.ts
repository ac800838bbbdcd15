import { formatRatio, parseRatio, total } from '#libs/domain';
import type { MarginView } from '../client/money.types.js';

/** What an organization brought and cost in a cluster in a month, or what several of these come to. */
export interface MarginRow extends Omit<MarginView['clusters'][number], 'cluster' | 'name'> {
  /** Of the organization. */
  id?: string | undefined;
  /** Id of the cluster. */
  cluster?: string | undefined;
  /** Of the cluster. */
  name?: string | undefined;
  month: string;
  currency: string;
  gpus: { gpuClass: string; seconds: string }[];
}

export const MARGIN_SUMS = ['organization', 'cluster'] as const;
export type MarginSum = (typeof MARGIN_SUMS)[number];

/** A row for each cluster of each organization. */
export function marginRows(margins: readonly MarginView[]): MarginRow[] {
  return margins.flatMap(({ clusters, gpus, ...one }) =>
    clusters.map((margin) => ({
      ...{ ...one, ...margin, name: margin.name ?? '' },
      gpus: gpus.filter(({ cluster }) => cluster === margin.cluster),
    })),
  );
}

/**
 * What all rows of an organization, or of a cluster in a currency, come to; exact. A cost is not known where one of them is not, and every
 * GPU class without a price is named.
 */
export function marginSums(rows: readonly MarginRow[], by: MarginSum): MarginRow[] {
  return grouped(rows, ({ id, cluster, currency }) =>
    by === 'organization' ? String(id) : `${cluster ?? ''} ${currency}`,
  ).map((own) => sumOf(own, by));
}

function sumOf(rows: readonly MarginRow[], by: MarginSum): MarginRow {
  const [{ id, cluster, name, month, currency }] = rows as [MarginRow];
  const sum = (of: (row: MarginRow) => string | undefined): string =>
    exactly(rows.map((row) => of(row) ?? '0'));
  const isKnown = rows.every(({ cost }) => cost !== undefined);
  const byClass = grouped(
    rows.flatMap(({ gpus }) => gpus),
    ({ gpuClass }) => gpuClass,
  );
  return {
    ...(by === 'organization' ? { id } : { cluster, name }),
    ...{ month, currency },
    billedSeconds: sum((row) => row.billedSeconds),
    instanceSeconds: sum((row) => row.instanceSeconds),
    gpus: byClass.map((times) => ({
      gpuClass: times[0]?.gpuClass ?? '',
      seconds: exactly(times.map(({ seconds }) => seconds)),
    })),
    amount: sum((row) => row.amount),
    charged: sum((row) => row.charged),
    ...(isKnown && { cost: sum((row) => row.cost), margin: sum((row) => row.margin) }),
    unpricedGpus: [...new Set(rows.flatMap((row) => row.unpricedGpus))].sort(),
  };
}

const exactly = (texts: readonly string[]): string => formatRatio(total(texts.map(parseRatio)));

/** Without Map.groupBy, which Node 20 does not have. */
function grouped<T>(list: readonly T[], keyOf: (one: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const one of list) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return [...groups.values()];
}
