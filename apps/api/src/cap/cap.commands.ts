import { TowpathError, capBelow, formatDecimal, parseDecimal, refuseIfAny, uncappable } from '#libs/domain';
import { deleteCap as deleteStored, listServiceIds, lockCap, saveCap } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { checkVersion } from '../call/not-found.js';
import { capFacts, capOf } from './cap.queries.js';
import { showCap, type CapView } from './cap.view.js';

interface NewCap {
  amount: string;
  currency?: string | undefined;
  version?: string | undefined;
}

/** Gateways hear of a first cap with the routes of the organization's hosts; of another amount when they ask next. */
export async function setCap(call: CommandCall, input: NewCap): Promise<CapView> {
  const { tx, now } = call;
  const { organizationId } = call.actor;
  const before = await lockCap(tx, organizationId);
  if (before) checkVersion(input.version, before.version);
  const { use, currency, plans } = await capFacts(call);
  const amount = formatDecimal(parseDecimal(input.amount));
  const below = capBelow(amount, use.spent, use.reserved);
  refuseIfAny([
    ...(input.currency === undefined || input.currency === currency
      ? []
      : [{ field: 'currency', message: `must be ${currency}, which your organization pays in` }]),
    ...(below === undefined ? [] : [{ field: 'amount', message: below }]),
  ]);
  const why = plans.map(uncappable).find((one) => one !== undefined);
  if (why !== undefined)
    throw new TowpathError('NOT_SUPPORTED', `Your price plan has no bound for what a request costs: ${why}.`);
  const cap = await saveCap(tx, { organizationId, amount, currency }, now);
  await call.audit(organizationId, {
    ...(before ? { before: { cap: before.amount } } : {}),
    after: { cap: amount },
  });
  if (!before || before.reached) await everyServiceChanged(call);
  return showCap(cap, use);
}

/** Gives it as it was. */
export async function deleteCap(call: CommandCall): Promise<CapView> {
  const cap = await capOf(call);
  const { use } = await capFacts(call);
  await deleteStored(call.tx, cap.organizationId);
  await call.audit(cap.organizationId, { before: { cap: cap.amount } });
  await everyServiceChanged(call);
  return showCap(cap, use);
}

async function everyServiceChanged(call: CommandCall): Promise<void> {
  await call.servicesChanged(await listServiceIds(call.tx, call.actor.organizationId));
}
