import type { UsedRevision } from '#libs/testing';
import { seededNumbers } from './chance.js';

/** Asks a database, as its owner. */
type Query = (sql: string, values?: readonly unknown[]) => Promise<unknown>;

/** What an agent tells of an instance. */
export interface Told {
  clusterId: string;
  organizationId: string;
  serviceId: string;
  revisionId: string;
  instanceId: string;
  startMs: number;
  untilMs: number;
  ended: boolean;
}

/** How long a build took. */
export interface Built extends Pick<UsedRevision, 'organizationId' | 'projectId' | 'serviceId'> {
  buildId: string;
  clusterId: string;
  startMs: number;
  endMs: number;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const BEGIN = Date.UTC(2026, 9, 31, 20);
/** Where all of it runs. */
export const CLUSTER = `cls_${'c'.repeat(20)}`;
/** How often an instance is told of. */
export const WORDS = 3;

/** The built-in plan's items, and time of instances and builds. */
const PLAN = {
  ...{ id: 'ledger', version: 1, name: 'By all', currency: 'USD', decimals: 2, model: 'concurrency' },
  effectiveFrom: '1970-01-01T00:00:00Z',
  items: [
    {
      ...{ id: 'cpu', name: 'CPU time', measure: 'request_time', times: 'vcpu' },
      ...{ rate: '0.0000024', per: '100 ms', unit: '100 ms x vCPU' },
    },
    { id: 'requests', name: 'Requests', measure: 'requests', rate: '0.40', per: '1000000', unit: 'million' },
    {
      ...{ id: 'instances', name: 'Instances', measure: 'instance_time', times: 'vcpu' },
      ...{ quantum: '1 s', rate: '0.00007', per: '1 s', unit: 's' },
    },
    {
      ...{ id: 'builds', name: 'Builds', measure: 'build_time' },
      ...{ quantum: '1 s', rate: '0.003', per: '1 min', unit: 'min' },
    },
  ],
};

/** A plan that counts all there is, whose these are; and a cluster that is asked to hold their services. */
export async function makeBilledByAll(query: Query, tenants: readonly UsedRevision[]): Promise<void> {
  await query(
    `INSERT INTO price_plan_versions (id, plan_id, version, effective_from, document, created_by, created_at)
     VALUES ($1, $2, 1, $3, $4, 'me', now())`,
    [`ppv_${'0'.repeat(20)}`, PLAN.id, PLAN.effectiveFrom, JSON.stringify(PLAN)],
  );
  await query(
    `INSERT INTO clusters (id, name, provider, region, zone, runtime, created_at)
     VALUES ($1, 'held', 'p', 'r', 'z', 'local', now())`,
    [CLUSTER],
  );
  for (const { organizationId, serviceId } of tenants) {
    await query(
      `INSERT INTO billing_terms (organization_id, effective_from, plan_id, discount_percent, taxes, created_by, created_at)
       VALUES ($1, to_timestamp(0), $2, 0, '[]', 'me', now())`,
      [organizationId, PLAN.id],
    );
    await query(
      `INSERT INTO targets (organization_id, service_id, cluster_id, generation, epoch, body, updated_at)
       VALUES ($1, $2, $3, 1, 1, '{}', now())`,
      [organizationId, serviceId, CLUSTER],
    );
  }
}

/**
 * Instances of these in turn, all gone by 22:06, each told of WORDS times: first all of them once. So short that they share few minutes:
 * what is lost of one is not counted with another.
 */
export function instancesFor(tenants: readonly UsedRevision[], seed: number, count: number): Told[] {
  const spans = spansFor(tenants, seed + 1, count, 6 * MINUTE_MS);
  return Array.from({ length: WORDS }, (_one, word) =>
    spans.map(({ of: { organizationId, serviceId, revisionId }, startMs, lastsMs }, i) => ({
      ...{ clusterId: CLUSTER, organizationId, serviceId, revisionId, instanceId: `instance-${i}` },
      ...{ startMs, untilMs: startMs + Math.ceil((lastsMs * (word + 1)) / WORDS), ended: word + 1 === WORDS },
    })),
  ).flat();
}

/** Builds of these in turn, all over by 22:20. */
export function buildsFor(tenants: readonly UsedRevision[], seed: number, count: number): Built[] {
  return spansFor(tenants, seed + 2, count, 20 * MINUTE_MS).map(({ of, startMs, lastsMs }, i) => {
    const { organizationId, projectId, serviceId } = of;
    const buildId = `bld_${String(i).padStart(20, '0')}`;
    return {
      buildId,
      organizationId,
      projectId,
      serviceId,
      clusterId: CLUSTER,
      startMs,
      endMs: startMs + lastsMs,
    };
  });
}

function spansFor(tenants: readonly UsedRevision[], seed: number, count: number, longestMs: number) {
  const next = seededNumbers(seed);
  return Array.from({ length: count }, (_one, i) => ({
    of: tenants[i % tenants.length] as UsedRevision,
    startMs: BEGIN + Math.floor(next() * 2 * HOUR_MS),
    lastsMs: Math.ceil(next() * longestMs),
  }));
}
