import {
  DEFAULT_ZONE,
  billOf,
  carriedFrom,
  factsOf,
  foldWindow,
  invoiceOf,
  newId,
  whyNotBillable,
  windowBefore,
  zoneSpans,
  type BilledSize,
  type BillingWindow,
  type Id,
  type Invoice,
  type Meter,
  type Running,
  type UsageRecord,
} from '#libs/domain';
import { systemRandom } from '#libs/process';
import {
  acquireLease,
  findBillFacts,
  insertInvoice,
  nextInvoiceNumber,
  saveWindows,
  storeIntervals,
  storeUsage,
  underLease,
  type Lease,
} from '#libs/store';
import type { UsedRevision } from '#libs/testing';
import type { ApiRig, RigTenant } from '../api.rig.js';

/** Where instances run. */
export const CLUSTER: Id<'cls'> = 'cls_00000000000000000001';

const SHAPE = { concurrency: 80, maxInstances: 100, timeoutSeconds: 300 };

/** A service of the tenant with a revision that ran. */
export async function usedRevision(
  rig: ApiRig,
  { organizationId, key }: RigTenant,
  gpus: Pick<BilledSize, 'gpus' | 'gpuClass'> = {},
): Promise<UsedRevision> {
  const project = await rig.project(key);
  const made = await rig.service(key, project.id, 'web');
  const now = Date.now();
  const revision = newId('rev', now, systemRandom);
  const serviceId = (made.json['service'] as { id: UsedRevision['serviceId'] }).id;
  const spec = { ...SHAPE, resources: { cpuMillis: 1000, memoryMiB: 512, ...gpus } };
  await rig.database.query(
    `INSERT INTO revisions (organization_id, id, project_id, service_id, name, number, template_generation, spec, status,
       created_at) VALUES ($1, $2, $3, $4, 'web-00001', 1, 1, $5, '{}', now())`,
    [organizationId, revision, project.id, serviceId, JSON.stringify(spec)],
  );
  return {
    ...{ organizationId, projectId: project.id as UsedRevision['projectId'], serviceId },
    ...{ revisionId: revision, gatewayId: newId('gw', now, systemRandom) },
    producer: newId('spl', now, systemRandom),
  };
}

/** As billing takes usage in at that position; `all` of the revision by then, and its instances, is what minutes are folded from. */
export async function takeIn(
  rig: ApiRig,
  of: UsedRevision,
  { fresh, all, position }: { fresh: readonly UsageRecord[]; all: readonly UsageRecord[]; position: number },
  {
    meters = [],
    running = [],
    zone = DEFAULT_ZONE,
    movesMs = 0,
  }: {
    meters?: readonly Meter[];
    running?: readonly Running[];
    zone?: string;
    /** From this minute on (UTC ms) all is in the zone; before it was in the default one. */
    movesMs?: number;
  } = {},
): Promise<void> {
  const ask = { name: 'used', owner: 'me', now: Date.now(), lifeMs: 3_600_000 };
  const lease = (await rig.database.db.asSystem((tx) => acquireLease(tx, ask))) as Lease;
  const { organizationId, projectId, serviceId, revisionId } = of;
  const zoneAt = (atMs: number): string => (atMs < movesMs ? DEFAULT_ZONE : zone);
  await underLease(rig.database.db, lease, async (tx) => {
    const checked = fresh.map((record) => ({
      record,
      priceZone: zoneAt(record.startMs),
      reason: whyNotBillable(record),
    }));
    await storeUsage(tx, checked, position);
    const told = running.map(({ id, startMs, endMs }) => ({
      ...{ clusterId: CLUSTER, organizationId, serviceId, revisionId, instanceId: id },
      ...{ startMs, untilMs: endMs, ended: false },
    }));
    const intervals = told.map((interval) => {
      const { startMs, untilMs: endMs } = interval;
      const changes = movesMs > startMs ? [movesMs] : [];
      return { interval, zones: zoneSpans({ startMs, endMs }, changes, zoneAt) };
    });
    await storeIntervals(tx, intervals, position);
    const folded = new Map<number, BillingWindow>();
    const seen = running.map((one) => ({ ...one, id: `${CLUSTER} ${one.id} ${one.startMs}` }));
    const windows = [...factsOf(all, { running: seen })].map(([windowStartMs, facts]) => {
      const before = folded.get(windowBefore(windowStartMs));
      const carried = windowStartMs === movesMs ? carriedFrom([undefined, before]) : before;
      const window = foldWindow(windowStartMs, facts, { capacity: SHAPE, meters }, carried);
      folded.set(windowStartMs, window);
      const key = { organizationId, projectId, serviceId, revisionId, priceZone: zoneAt(windowStartMs) };
      return { key: { ...key, windowStartMs }, window };
    });
    await saveWindows(tx, windows, Date.now());
  });
}

/** The month's invoice, as billing makes it when usage is taken in up to that position. */
export async function invoiceOfMonth(
  rig: ApiRig,
  organizationId: string,
  month: string,
  position: number,
): Promise<Invoice> {
  const id = newId('ivc', Date.now(), systemRandom);
  const invoice = await rig.database.db.asSystem(async (tx) => {
    const { parts, terms } = await findBillFacts(tx, organizationId, month);
    const number = await nextInvoiceNumber(tx, 'invoice');
    const now = Date.now();
    const [issuedAt, dueAt] = [new Date(now).toISOString(), new Date(now + 86_400_000).toISOString()];
    const facts = { ...terms, decimals: parts.at(-1)?.plan.decimals ?? 0, corrections: [] };
    const made = invoiceOf(
      billOf(month, parts),
      { number, organization: organizationId, issuedAt, dueAt, seller: 'Harbour Hosting' },
      facts,
    );
    await insertInvoice(tx, { id, organizationId, position, invoice: made });
    return made;
  });
  await rig.database.query('INSERT INTO invoiced_months VALUES ($1, $2, $3, now())', [
    ...[organizationId, month, id],
  ]);
  return invoice;
}
