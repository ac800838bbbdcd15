import {
  TowpathError,
  capBelow,
  capConflicts,
  formatDecimal,
  monthOf,
  monthSpan,
  parseDecimal,
  refuseIfAny,
} from '#libs/domain';
import {
  deleteCap as deleteStored,
  findPlanChanges,
  listServiceIds,
  lockBilling,
  lockCap,
  saveCap,
  type StoredCap,
} from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { checkVersion } from '../call/not-found.js';
import { iso } from '../call/scalars.js';
import { capOf, capUse } from './cap.queries.js';
import { showCap, type CapView } from './cap.view.js';

interface NewCap {
  amount: string;
  currency?: string | undefined;
  version?: string | undefined;
}

/** Gateways hear of a first cap with the routes of the organization's hosts; of another amount when they ask next. Builds may wait for it. */
export async function setCap(call: CommandCall, input: NewCap): Promise<CapView> {
  const { tx, now } = call;
  const { organizationId } = call.actor;
  await lockBilling(tx, organizationId);
  const before = await lockCap(tx, organizationId);
  if (before) checkVersion(input.version, before.version);
  const use = await capUse(call);
  const { currency } = use;
  const amount = formatDecimal(parseDecimal(input.amount));
  const below = capBelow(amount, use.spent, use.reserved);
  refuseIfAny([
    ...(input.currency === undefined || input.currency === currency
      ? []
      : [{ field: 'currency', message: `must be ${currency}, which your organization pays in` }]),
    ...(below === undefined ? [] : [{ field: 'amount', message: below }]),
  ]);
  await refuseUncappable(call, { before, currency });
  const cap = await saveCap(tx, { organizationId, amount, currency }, now);
  await call.audit(organizationId, {
    ...(before ? { before: { cap: before.amount } } : {}),
    after: { cap: amount },
  });
  await everyServiceChanged(call);
  return showCap(cap, use);
}

/** Where a plan of this month allows no cap, or, of a cap that is new, one that is to come: it would refuse everything then. */
async function refuseUncappable(
  { tx, actor, now }: CommandCall,
  { before, currency }: { before: StoredCap | undefined; currency: string },
): Promise<void> {
  const month = monthSpan(monthOf(now));
  const changes = await findPlanChanges(tx, actor.organizationId, month.startMs);
  const untilMs = before?.currency === currency ? month.endMs : Infinity;
  const conflict = capConflicts({ currency }, changes).find(({ fromMs }) => fromMs < untilMs);
  if (conflict === undefined) return;
  const when = conflict.fromMs > now ? `From ${iso(conflict.fromMs)} on no cap` : 'No cap';
  throw new TowpathError('NOT_SUPPORTED', `${when} can be kept under your price plan: ${conflict.why}.`, {
    nextStep:
      'Ask the operator for a plan that can be capped; a budget tells you of what is spent (tow budgets create).',
  });
}

/** Gives it as it was. */
export async function deleteCap(call: CommandCall): Promise<CapView> {
  const cap = await capOf(call);
  const use = await capUse(call);
  await deleteStored(call.tx, cap.organizationId);
  await call.audit(cap.organizationId, { before: { cap: cap.amount } });
  await everyServiceChanged(call);
  return showCap(cap, use);
}

async function everyServiceChanged(call: CommandCall): Promise<void> {
  await call.servicesChanged(await listServiceIds(call.tx, call.actor.organizationId));
}
