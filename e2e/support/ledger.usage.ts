import { usageOf, type UsedRevision } from '#libs/testing';
import { seededNumbers } from './chance.js';
import type { LedgerHub, Usage } from './ledger.hub.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const BEGIN = Date.UTC(2026, 9, 31, 20);
/** When the requests of the gateway whose clock is ahead begin, by that clock. */
const SKEWED_BEGIN = Date.UTC(2026, 9, 31, 23, 10);
const LONGEST_MS = 57 * MINUTE_MS;
const BATCH = 10;

/**
 * Requests of both organizations on the last evening of October, all over by 22:57: most are short, some run on for most of
 * an hour, a few reached no instance.
 */
export function usageFor(hub: LedgerHub, seed: number, count: number): Usage[] {
  const next = seededNumbers(seed);
  const within = (least: number, most: number): number => Math.floor(least + next() * (most - least));
  return Array.from({ length: count }, (_one, position) => {
    const of = hub.tenants[position % hub.tenants.length] as UsedRevision;
    const startMs = BEGIN + within(0, 2 * HOUR_MS);
    const kind = next();
    const short = kind < 0.8 ? within(1, 3_000) : within(3_000, 2 * MINUTE_MS);
    const lastsMs = kind < 0.95 ? short : within(10 * MINUTE_MS, LONGEST_MS);
    const isRefused = next() < 0.05;
    const change = isRefused ? { reached: false, status: 429, flags: 'RL' } : {};
    return usageOf(of, position, { startMs, endMs: startMs + lastsMs }, change);
  });
}

/** The second organization by way of another gateway. */
export function skewedOf({ tenants }: LedgerHub): UsedRevision {
  const own = 's'.repeat(20);
  return { ...(tenants[1] as UsedRevision), gatewayId: `gw_${own}`, producer: `spl_${own}` };
}

/** Requests by way of that gateway from 23:10 to 23:30, one behind the other. */
export function skewedUsage(hub: LedgerHub, count: number): Usage[] {
  const everyMs = Math.floor((20 * MINUTE_MS) / count);
  return Array.from({ length: count }, (_one, i) => {
    const startMs = SKEWED_BEGIN + i * everyMs;
    return usageOf(skewedOf(hub), i, { startMs, endMs: startMs + everyMs - 100 });
  });
}

export function batchesOf<One>(records: readonly One[], size = BATCH): One[][] {
  return Array.from({ length: Math.ceil(records.length / size) }, (_one, i) =>
    records.slice(i * size, (i + 1) * size),
  );
}

/** In an order that is the same for the same numbers. */
export function shuffled<One>(list: readonly One[], next: () => number): One[] {
  return list
    .map((one) => ({ one, key: next() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ one }) => one);
}
