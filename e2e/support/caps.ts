import type { Answer } from './gateway.js';
import type { Tenant } from './tenant.js';
import { until } from './until.js';

/** As REST sends it. */
export interface CapJson {
  amount: string;
  spent: string;
  reserved: string;
  unpaidInstanceSeconds: string;
  reached: boolean;
}

/** What was asked and answered. */
export interface Spree {
  asked: number;
  served: number;
  refused: number;
  /** Other answers, by status. */
  other: Record<number, number>;
}

export const setCap = ({ api }: Tenant, amount: string): Promise<CapJson> =>
  api.ok('PUT', '/v1/cap', { amount });
export const capOf = ({ api }: Tenant): Promise<CapJson> => api.ok('GET', '/v1/cap');

/** A refusal because the cap is used up; another one says that nobody could tell. */
export const isReached = (answer: Answer): boolean =>
  answer.status === 402 && answer.json<{ reason: string }>().reason === 'cap_reached';

/** How long a caller rests whom nobody could tell. */
const UNTOLD_MS = 200;

/**
 * So many callers at a time at each gateway, until each has been refused so often in a row for what is spent; then all is
 * settled. A caller that was refused comes back after `pauseMs`. `least`: so many are asked in all.
 */
export async function spend(
  gateways: readonly Tenant[],
  call: (at: Tenant) => Promise<Answer>,
  {
    callers,
    refusals,
    pauseMs = 0,
    least = 0,
  }: { callers: number; refusals: number; pauseMs?: number; least?: number },
): Promise<Spree> {
  const spree: Spree = { asked: 0, served: 0, refused: 0, other: {} };
  const one = async (at: Tenant): Promise<void> => {
    for (let inARow = 0; inARow < refusals || spree.asked < least;) {
      const answer = await call(at);
      spree.asked += 1;
      if (answer.status === 402) {
        spree.refused += 1;
        const reached = isReached(answer);
        inARow += reached ? 1 : 0;
        const rest = reached ? pauseMs : UNTOLD_MS;
        if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
        continue;
      }
      inARow = 0;
      if (answer.status === 200) spree.served += 1;
      else spree.other[answer.status] = (spree.other[answer.status] ?? 0) + 1;
    }
  };
  await Promise.all(gateways.flatMap((at) => Array.from({ length: callers }, () => one(at))));
  return spree;
}

/** Nothing runs, all that ran is in the bill, and permits that nobody uses (for a minute) are back. */
export function settled(tenant: Tenant): Promise<CapJson> {
  return until('nothing reserved', 150_000, async () => {
    const cap = await capOf(tenant);
    return Number(cap.reserved) === 0 && cap;
  });
}

/** Spends until nothing more is let in although all is settled. */
export async function spendAll(
  gateways: readonly Tenant[],
  call: (at: Tenant) => Promise<Answer>,
  callers: number,
): Promise<Spree[]> {
  const [first] = gateways as [Tenant, ...Tenant[]];
  const sprees: Spree[] = [];
  for (;;) {
    const spree = await spend(gateways, call, { callers, refusals: 3 });
    sprees.push(spree);
    await settled(first);
    if (spree.served === 0 && Object.keys(spree.other).length === 0) return sprees;
  }
}

/** What a cap may take to let in again. */
const SOON_MS = 1_000;
/** The rest is for a machine that does other things as well. */
const DEADLINE_MS = 10_000;

/** How long after an instant (of the monotonic clock) the first request was sent to the gateway that is let in. */
export function resumed(call: (at: Tenant) => Promise<Answer>, at: Tenant, sinceMs: number): Promise<number> {
  return until('let in again', 150_000, async () => {
    const sent = performance.now();
    return (await call(at)).status !== 402 && sent - sinceMs;
  });
}

/** Says how soon requests were let in, and that it was soon enough; a single one may have met a moment when the machine did other things. */
export function expectSoon(since: string, tookMs: readonly number[]): void {
  const sorted = tookMs.map(Math.round).toSorted((a, b) => a - b);
  console.log(`let in what was sent ${sorted.join(', ')} ms after ${since} (N ${sorted.length})`);
  if (sorted.length > 1) expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(SOON_MS);
  expect(sorted.at(-1)).toBeLessThanOrEqual(DEADLINE_MS);
}
