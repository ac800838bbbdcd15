import {
  billOf,
  countsFor,
  monthOf,
  monthSpan,
  nextVersion,
  refuseUncounted,
  rezones,
  type BillPart,
  type Organization,
  type PricePlan,
} from '#libs/domain';
import {
  asOrganization,
  findBillFacts,
  findBillPeriods,
  findPlanVersions,
  listOrganizations,
  type PageRequest,
} from '#libs/store';
import { z } from 'zod';
import type { Call } from '../call/call.js';
import { replayUsage } from '../bill/replay.usage.js';
import { PATH } from './plan.commands.js';

export const previewView = z
  .object({
    id: z.string().describe('Id of the organization.'),
    name: z.string(),
    plan: z.string().describe('Id of the plan it has.'),
    currency: z.string(),
    before: z.string().describe('Sum of the lines as they are.'),
    after: z.string().describe('The same usage by the version that is asked about.'),
  })
  .meta({ id: 'PricePlanPreview', description: 'What a month of one organization would have come to.' });

interface PreviewInput {
  document: Record<string, unknown>;
  month?: string | undefined;
  everybody: boolean;
}

/**
 * What a version that is not stored would have made of a month, organization by organization: of those that have its plan,
 * or of everybody.
 * @throws TowpathError INVALID_ARGUMENT naming every wrong field, NOT_SUPPORTED for what is not counted
 */
export async function previewPlan(
  call: Call,
  { document, month, everybody }: PreviewInput,
  page: PageRequest,
): Promise<z.infer<typeof previewView>[]> {
  const { tx, actor, now } = call;
  const id = typeof document['id'] === 'string' ? document['id'] : '';
  const before = (await findPlanVersions(tx, [id])).map(({ plan }) => plan);
  const plan = nextVersion(before, document, { now, path: PATH });
  refuseUncounted(plan, { path: PATH });
  const asked = month ?? monthOf(monthSpan(monthOf(now)).startMs - 1);
  const previews: z.infer<typeof previewView>[] = [];
  for (const organization of await listOrganizations(tx, page)) {
    const one = await asOrganization(tx, organization.id, actor.organizationId, () =>
      previewOf(call, organization, { plan, month: asked, everybody }),
    );
    previews.push(one);
  }
  return previews;
}

async function previewOf(
  call: Call,
  { id, name }: Organization,
  { plan, month, everybody }: { plan: PricePlan; month: string; everybody: boolean },
): Promise<z.infer<typeof previewView>> {
  const { parts, terms } = await findBillFacts(call.tx, id, month);
  const concerns = (of: PricePlan): boolean => everybody || of.id === plan.id;
  const asked = parts.map((part) => ({ ...part, plan: concerns(part.plan) ? plan : part.plan }));
  const other = parts.every((part, i) => countsFor(part.plan, asked[i]?.plan ?? plan))
    ? asked
    : await recounted(call, id, month, { asked, own: parts });
  const [as, would] = [billOf(month, parts, terms), billOf(month, other, terms)];
  return { id, name, plan: as.plan.id, currency: would.currency, before: as.due, after: would.due };
}

/** A version that measures otherwise is asked of the raw records. */
async function recounted(
  { tx }: Call,
  organizationId: string,
  month: string,
  { asked, own }: { asked: readonly BillPart[]; own: readonly BillPart[] },
): Promise<BillPart[]> {
  const { startMs: fromMs, endMs: toMs } = monthSpan(month);
  const starts = (await findBillPeriods(tx, organizationId, month)).map(({ startMs }) => startMs);
  const periods = asked.map(({ plan }, i) => ({ plan, startMs: starts[i] ?? fromMs }));
  const span = { organizationId, fromMs, toMs, rezoned: rezones(asked, own) };
  const { days } = await replayUsage(tx, span, periods);
  return asked.map((part, i) => ({ ...part, days: days[i] ?? [] }));
}
