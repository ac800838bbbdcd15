import {
  UsageFold,
  billOf,
  parsePricePlan,
  parseUsageEntry,
  rateUsage,
  type Bill,
  type PriceSchedule,
  type Random,
  type Rating,
  type Stretch,
  type UsageRecord,
} from '#libs/domain';
import { findBillFacts } from '#libs/store';
import { makeUsedRevision, type RevisionShape, type TestDatabase, type UsedRevision } from '#libs/testing';

/** Price plans of the installation. */
export async function storePlans(
  database: TestDatabase,
  documents: readonly Record<string, unknown>[],
): Promise<void> {
  for (const [i, document] of documents.entries()) {
    const { id, version, effectiveFromMs } = parsePricePlan(document);
    await database.query(
      `INSERT INTO price_plan_versions (id, plan_id, version, effective_from, document, created_by, created_at)
       VALUES ($1, $2, $3, $4, $5, 'me', now())`,
      [`ppv_${String(i).repeat(20)}`, id, version, new Date(effectiveFromMs), JSON.stringify(document)],
    );
  }
}

/** A revision of an organization that was billed by the plan from its beginning. */
export async function customerOf(
  database: TestDatabase,
  random: Random,
  plan: string,
  shape: Omit<RevisionShape, 'timeoutSeconds'>,
): Promise<UsedRevision> {
  const of = await makeUsedRevision((sql, values) => database.query(sql, values), random, {
    ...shape,
    timeoutSeconds: 300,
  });
  const { organizationId } = of;
  await database.query('UPDATE organizations SET created_at = to_timestamp(0) WHERE id = $1', [
    organizationId,
  ]);
  await database.query(
    `INSERT INTO billing_terms (organization_id, effective_from, plan_id, discount_percent, taxes, created_by, created_at)
     VALUES ($1, to_timestamp(0), $2, 0, '[]', 'me', now())`,
    [organizationId, plan],
  );
  return of;
}

/** A line of a usage file. */
interface UsageLine {
  startMs: number;
}

/** A request as a line of a usage file; `region` where it ran, if not at home. */
export function requestLine({ startMs, endMs, streamId }: UsageRecord, region?: unknown): UsageLine {
  return { ...at(region), ...{ kind: 'request', id: streamId, startMs, endMs } };
}

/** The same of an instance. */
export function instanceLine(stretch: Stretch, region?: unknown): UsageLine {
  return { ...at(region), ...stretch, ...{ kind: 'instance' } };
}

const at = (region: unknown): object => (typeof region === 'string' ? { region } : {});

/** What the same usage is rated by without any server. */
export function ratedOffline(
  prices: PriceSchedule,
  { organizationId, serviceId, revisionId }: UsedRevision,
  shape: Omit<RevisionShape, 'timeoutSeconds'>,
  lines: readonly UsageLine[],
): Rating {
  const size = { cpuMillis: 1000, memoryMiB: 512, ...shape };
  const fold = new UsageFold(prices);
  fold.add(parseUsageEntry({ kind: 'revision', id: revisionId, organizationId, serviceId, ...size }));
  for (const line of lines.toSorted((a, b) => a.startMs - b.startMs))
    fold.add(parseUsageEntry('kind' in line && line.kind === 'build' ? line : { ...line, revisionId }));
  const { folded, held } = fold.finish();
  return rateUsage(prices, folded, held);
}

/** An organization's bill as the folded minutes say it. */
export async function billOfMonth(
  database: TestDatabase,
  organizationId: string,
  month: string,
): Promise<Bill> {
  const { parts } = await database.db.asSystem((tx) => findBillFacts(tx, organizationId, month));
  return billOf(month, parts);
}
