import {
  closingOf,
  differenceOf,
  entryOfLines,
  linesOf,
  type ClosingTime,
  type Id,
  type LedgerLine,
  type PlansInForce,
  type Random,
} from '#libs/domain';
import {
  closeWindow,
  findPlansInForce,
  groundOf,
  holdUnsettled,
  markUncounted,
  postEntry,
  postedLines,
  settleWindows,
  takeUnsealed,
  usedInWindows,
  type LeasedTx,
  type LedgerWindow,
} from '#libs/store';
import type { LedgerSigner } from './ledger.signer.js';
import { postDue } from './due.js';
import { SealChain } from './seal.chain.js';

/** Who signs, and where ids come from. */
export interface SettlementParts {
  signer: LedgerSigner;
  random: Random;
}

/** What a settlement did. */
export interface Settled {
  closed: number;
  corrected: number;
  /** Entries that came by themselves and were sealed. */
  sealed: number;
  /** Invoices and payments that were posted. */
  posted: number;
  /** Something waits to be folded first: nothing of the windows was done. */
  postponed: boolean;
}

/**
 * Brings an organization's ledger to what its usage says: closes windows, and corrects closed ones. Afterwards the ledger
 * says of all settled windows exactly what the records up to one position say. Invoices and payments that
 * wait are posted, and entries that came meanwhile are sealed.
 * @param beforeMs every window that begins before then may close
 * @throws Error when two plans of one window have different currencies
 */
export async function settleOrganization(
  tx: LeasedTx,
  organizationId: string,
  beforeMs: number,
  at: ClosingTime,
  { signer, random }: SettlementParts,
): Promise<Settled> {
  const held = await holdUnsettled(tx, organizationId, beforeMs);
  const ground = await groundOf(tx, organizationId, beforeMs, held.length);
  const chain = await SealChain.open(tx, organizationId, signer, { ...ground, nowMs: at.nowMs });
  const done: Settled = {
    closed: 0,
    corrected: 0,
    sealed: 0,
    posted: 0,
    postponed: held.length > 0 && !ground.firm,
  };
  if (held.length > 0 && ground.firm) {
    const settling = { chain, at, random, organizationId, position: ground.position };
    done.postponed = !(await settleHeld(tx, settling, held, done));
  }
  const posted = await postDue(tx, organizationId as Id<'org'>, { nowMs: at.nowMs, random });
  const entries = await takeUnsealed(tx, organizationId);
  if (entries.length > 0) await chain.seal({ kind: 'entries', lines: [], entries });
  await chain.endDay();
  return { ...done, posted, sealed: entries.length };
}

interface Settling {
  chain: SealChain;
  at: ClosingTime;
  random: Random;
  organizationId: string;
  position: number;
}

/** @returns false when a minute of them has to be folded first: then nothing was done */
async function settleHeld(
  tx: LeasedTx,
  settling: Settling,
  held: readonly LedgerWindow[],
  done: Settled,
): Promise<boolean> {
  const { organizationId } = settling;
  const starts = held.map(({ startMs }) => startMs);
  const plans = await findPlansInForce(tx, organizationId, starts);
  if ((await markUncounted(tx, organizationId, starts, plans)) > 0) return false;
  const changes = await changesOf(tx, organizationId, starts, plans);
  for (const window of held)
    await settleWindow(tx, { ...settling, plans }, window, changes.get(window.startMs) ?? [], done);
  await settleWindows(tx, organizationId, starts);
  return true;
}

async function settleWindow(
  tx: LeasedTx,
  { chain, plans, at, random, organizationId, position }: Settling & { plans: PlansInForce },
  { startMs, closedAt }: LedgerWindow,
  lines: readonly LedgerLine[],
  done: Settled,
): Promise<void> {
  const isFirst = closedAt === undefined;
  if (!isFirst && lines.length === 0) return;
  const sealNumber = chain.next;
  const kind = isFirst ? 'usage' : 'correction';
  const made = entryOfLines(kind, { startMs, sealNumber, currency: currencyOf(plans, lines) }, lines);
  const by = { organizationId, actorId: 'towpath', nowMs: at.nowMs, random };
  const entries = made ? [await postEntry(tx, made, by)] : [];
  await chain.seal({ kind: isFirst ? 'window' : 'correction', windowStartMs: startMs, lines, entries });
  done[isFirst ? 'closed' : 'corrected'] += 1;
  if (!isFirst) return;
  const { without } = closingOf(startMs, at);
  await closeWindow(tx, organizationId, { startMs, closedAt: at.nowMs, position, without, sealNumber });
}

/** What each window's lines lack to be what its usage says; nothing for those that lack nothing. */
async function changesOf(
  tx: LeasedTx,
  organizationId: string,
  starts: readonly number[],
  plans: PlansInForce,
): Promise<Map<number, LedgerLine[]>> {
  const should = linesOf(plans, await usedInWindows(tx, organizationId, starts, plans));
  const posted = await postedLines(tx, organizationId, starts);
  return Map.groupBy(differenceOf(should, posted), ({ windowStartMs }) => windowStartMs);
}

function currencyOf(plans: PlansInForce, lines: readonly LedgerLine[]): string {
  const named = new Set(lines.map(({ planId }) => planId));
  const used = plans.filter(({ plan }) => named.has(plan.id));
  const [currency = plans[0].plan.currency, ...others] = new Set(used.map(({ plan }) => plan.currency));
  if (others.length > 0) throw new Error('the plans of one window have different currencies');
  return currency;
}
