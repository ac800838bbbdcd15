import type { Interval } from '../usage/usage.types.js';

/** Length of a window in ms; a day is a whole number of them. Indexes of usage_records name the same length. */
export const WINDOW_MS = 60_000;

/** How many workers folding can be spread over. */
export const SHARDS = 8;

/** What one window is about. `revisionId` is '' for what was answered before a revision was chosen. */
export interface WindowKey {
  organizationId: string;
  projectId: string;
  serviceId: string;
  revisionId: string;
  priceZone: string;
  windowStartMs: number;
}

/** Start of the window an instant lies in. */
export function windowStart(atMs: number): number {
  return Math.floor(atMs / WINDOW_MS) * WINDOW_MS;
}

/** The window's span. */
export function windowSpan(windowStartMs: number): Interval {
  return { startMs: windowStartMs, endMs: windowStartMs + WINDOW_MS };
}

/** Start of the window before; its open blocks are carried in. */
export function windowBefore(windowStartMs: number): number {
  return windowStartMs - WINDOW_MS;
}

/** Start of the window after; it has to be folded again when the open blocks changed. */
export function windowAfter(windowStartMs: number): number {
  return windowStartMs + WINDOW_MS;
}

/** Starts of all windows an interval reaches into. */
export function windowsOf({ startMs, endMs }: Interval): number[] {
  const starts: number[] = [];
  for (let at = windowStart(startMs); at < endMs; at += WINDOW_MS) starts.push(at);
  return starts;
}

/** The shard that folds an organization's windows (FNV-1a, so that every process agrees). */
export function shardOf(organizationId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < organizationId.length; i++) {
    hash = Math.imul(hash ^ organizationId.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % SHARDS;
}
