import {
  countIn,
  inForceAt,
  instanceMeterOf,
  monthOf,
  type RequestShare,
  type WindowCount,
  usageOfShare,
} from '#libs/domain';
import {
  findPlansInForce,
  listUsedWindows,
  refOfWindow,
  type PageRequest,
  type UsedWindow,
  type WindowRef,
} from '#libs/store';
import type { z } from 'zod';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { partOf } from '../call/page.js';
import { iso } from '../call/scalars.js';
import { lineOfWindow } from './explain.line.js';
import { countsOf, priced } from './explain.priced.js';
import { explainBuilds, explainInstances } from './explain.things.js';
import type { explainedRequestView } from './explain.view.js';
import { windowRef } from './explain.windows.js';
import { storedInvoice } from '../invoice/invoice.queries.js';
import { bearersOf, type BornThen } from './window.bearers.js';
import { inOrder, isAsThen, windowThen } from './windows.then.js';

/** More than there are price zones in an installation. */
const MOST_ZONES = 100;

/** The requests, builds or stretches of instances that bear a window's part of a line, in the order in which they began; of an invoice as it had counted them. */
export async function explainWindow(
  call: Call,
  input: { window: string; line: string; invoice?: string | undefined },
  page: PageRequest,
): Promise<z.input<typeof explainedRequestView>[]> {
  const { tx, actor } = call;
  const { organizationId } = actor;
  const ref = windowRef(input.window);
  if (ref.startMs < 0) throw notFound('window');
  const { plan } = inForceAt(await findPlansInForce(tx, organizationId, [ref.startMs]), ref.startMs);
  const { item, count } = lineOfWindow(plan, input.line);
  if (count === undefined) return [];
  const found = await windowOf(call, ref, { count, invoice: input.invoice });
  if (!found) throw notFound('window');
  const { window, then } = found;
  const { projectId, serviceId, revisionId, priceZone } = window;
  const key = { organizationId, projectId, serviceId, revisionId, priceZone, windowStartMs: ref.startMs };
  if (revisionId === '') return explainBuilds(tx, { key: then?.key ?? key, plan, item }, page);
  const meter = instanceMeterOf(plan, item);
  if (meter) return explainInstances(tx, { key, plan, item, meter, window, then }, page);
  const shares = (await bearersOf(tx, key, plan, then)).filter(
    (share) => countIn(usageOfShare(share, window), count) > 0n,
  );
  return partOf(shares, page).map((share) => ({
    id: share.id,
    request: requestOf(share),
    ...countsOf(usageOfShare(share, window)),
    ...(share.billedFromMs === undefined ? {} : { billedFrom: iso(share.billedFromMs) }),
    opened: share.openedMs.map((atMs) => iso(atMs)),
    ...priced({ plan, item }, usageOfShare(share, window)),
  }));
}

/** A window as it is, or as an invoice had counted it. */
async function windowOf(
  call: Call,
  ref: WindowRef,
  { count, invoice }: { count: WindowCount; invoice: string | undefined },
): Promise<{ window: UsedWindow; then?: BornThen } | undefined> {
  const { tx, actor } = call;
  const { organizationId } = actor;
  const { startMs } = ref;
  const stored = invoice === undefined ? undefined : await storedInvoice(call, organizationId, invoice);
  const month = monthOf(startMs);
  if (stored && !(await isAsThen(tx, { organizationId, month, invoice: stored }))) {
    const counted = await windowThen(tx, organizationId, ref, stored);
    return counted && { window: counted.used, then: { key: counted.of.key, carried: counted.carried } };
  }
  const of = { organizationId, spans: [{ startMs, endMs: startMs + 1 }], count };
  const after = { startMs, of: ref.of, priceZone: '' };
  const beside = await listUsedWindows(tx, of, { after, limit: MOST_ZONES });
  const window = beside.find((one) => inOrder(refOfWindow(one), ref) === 0);
  return window && { window };
}

function requestOf({ stream }: RequestShare): string {
  return stream.slice(stream.indexOf(' ') + 1);
}
