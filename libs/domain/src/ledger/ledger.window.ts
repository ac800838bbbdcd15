import { HOUR_MS } from '../month.js';

/** Length of a window of the ledger: what an organization used in it closes together (ADR 15). A whole number of minutes. */
export const LEDGER_WINDOW_MS = HOUR_MS;
/** How long after its end a window takes records in as if they were on time, when nothing else is set. */
export const DEFAULT_GRACE_MS = 3_600_000;
/** How long a gateway that says nothing is waited for, when nothing else is set. */
export const DEFAULT_PATIENCE_MS = 86_400_000;
/** A gateway reports a long stream each minute: what ran in a window is known so long after its end. */
const REPORT_MS = 120_000;
/** A gateway that is there and has sent nothing for so long has nothing left to send: it sends ten times a second. */
const QUIET_MS = 30_000;

export type LedgerWindowState = 'open' | 'grace' | 'closed' | 'invoiced';

/** Start of the window an instant lies in. */
export function ledgerWindowOf(atMs: number): number {
  return Math.floor(atMs / LEDGER_WINDOW_MS) * LEDGER_WINDOW_MS;
}

/** In grace from its end until it is closed, however long that takes. */
export function ledgerWindowState(
  window: { startMs: number; closedAt?: number | undefined; invoiceId?: string | undefined },
  nowMs: number,
): LedgerWindowState {
  if (window.invoiceId !== undefined) return 'invoiced';
  if (window.closedAt !== undefined) return 'closed';
  return nowMs < window.startMs + LEDGER_WINDOW_MS ? 'open' : 'grace';
}

/** What is known of one gateway's reports. UTC ms of the hub, but for `lastEndMs`. */
export interface Producer {
  gatewayId: string;
  joinedMs: number;
  /** When it last said that it is there; 0 for never. */
  seenMs: number;
  /** When something of it was last taken in; 0 for never. */
  takenMs: number;
  /** The latest end of its records, by its own clock. */
  lastEndMs: number;
}

/** By which a window is closed: the hub's time and how far reports have come. */
export interface ClosingTime {
  nowMs: number;
  graceMs: number;
  patienceMs: number;
  /** All that the stream held at this time has been taken in. */
  takenInToMs: number;
  producers: readonly Producer[];
}

/** Whether a window may close. */
export interface Closing {
  closes: boolean;
  /** Gateways that it waits for, or, when it closes, that it closes without. Ids, ascending. */
  without: string[];
}

/**
 * Up to when everything a gateway has seen has been taken in. Its log is in the order of ends, so while it sends, the
 * latest end tells; when it is there and sends nothing, nothing is left.
 */
export function watermarkOf(producer: Producer, takenInToMs: number): number {
  const { seenMs, takenMs, lastEndMs } = producer;
  const quiet = seenMs - takenMs >= QUIET_MS;
  return Math.min(takenInToMs, quiet ? seenMs : Math.min(lastEndMs, takenMs));
}

/**
 * A window closes when its grace is over by the hub's time, all that was in the stream then is taken in, and every
 * gateway has reported past its end. Nobody is waited for longer than `patienceMs` after the end, and a gateway that has
 * said nothing for as long not at all: what it still has will be late.
 */
export function closingOf(startMs: number, at: ClosingTime): Closing {
  const endMs = startMs + LEDGER_WINDOW_MS;
  const behind = at.producers.filter(
    (one) => one.joinedMs < endMs && watermarkOf(one, at.takenInToMs) < endMs + REPORT_MS,
  );
  const patient = at.nowMs < endMs + at.patienceMs;
  const waits =
    patient && behind.some((one) => at.nowMs < Math.max(one.seenMs, one.joinedMs) + at.patienceMs);
  const over = at.nowMs >= endMs + at.graceMs && at.takenInToMs >= endMs + at.graceMs;
  return { closes: over && !waits, without: behind.map(({ gatewayId }) => gatewayId).sort() };
}
