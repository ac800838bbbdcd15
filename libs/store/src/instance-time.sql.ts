import type { Id } from '#libs/domain';
import { statement } from './statement.js';

export const lockLookSql = statement<{ looked_at: Date }>(
  'instance_look_lock',
  `SELECT looked_at FROM instance_looks WHERE name = 'instances' FOR UPDATE`,
);

export const saveLookSql = statement<unknown>(
  'instance_look_save',
  `INSERT INTO instance_looks (name, looked_at) VALUES ('instances', $1)
   ON CONFLICT (name) DO UPDATE SET looked_at = excluded.looked_at`,
);

// What clusters report that answer; products of whole numbers, so the sums are exact.
export const addInstanceTimeSql = statement<unknown>(
  'instance_time_add',
  `INSERT INTO instance_time (organization_id, cluster_id, service_id, day, instance_ms, cpu_ms, memory_ms)
   SELECT t.organization_id, t.cluster_id, t.service_id, $1::date, sum(seen.instances) * $2::bigint,
     sum(seen.instances * coalesce((r.spec->'resources'->>'cpuMillis')::numeric, 0)) * $2::bigint,
     sum(seen.instances * coalesce((r.spec->'resources'->>'memoryMiB')::numeric, 0)) * $2::bigint
   FROM targets t
   JOIN clusters c ON c.id = t.cluster_id AND c.last_seen_at > $3 AND c.removed_at IS NULL
   CROSS JOIN LATERAL jsonb_to_recordset(t.observed->'revisions') AS seen (name text, instances bigint)
   JOIN revisions r ON r.organization_id = t.organization_id AND r.service_id = t.service_id AND r.name = seen.name
   WHERE seen.instances > 0
   GROUP BY t.organization_id, t.cluster_id, t.service_id ORDER BY 1, 2, 3
   ON CONFLICT (organization_id, day, cluster_id, service_id) DO UPDATE SET
     instance_ms = instance_time.instance_ms + excluded.instance_ms,
     cpu_ms = instance_time.cpu_ms + excluded.cpu_ms, memory_ms = instance_time.memory_ms + excluded.memory_ms`,
);

export interface InstanceTimeRow {
  cluster_id: Id<'cls'>;
  cluster: string;
  service_id: string;
  currency: string | null;
  vcpu_second: string | null;
  gib_second: string | null;
  instance_ms: string;
  cpu_ms: string;
  memory_ms: string;
}

// The price of a day is the last one set until then; days before the first one have the first one.
export const instanceTimeSql = statement<InstanceTimeRow>(
  'instance_time_of',
  `SELECT t.cluster_id, c.name AS cluster, t.service_id, p.currency, p.vcpu_second::text, p.gib_second::text,
     sum(t.instance_ms)::text AS instance_ms, sum(t.cpu_ms)::text AS cpu_ms, sum(t.memory_ms)::text AS memory_ms
   FROM instance_time t JOIN clusters c ON c.id = t.cluster_id
   LEFT JOIN LATERAL (
     SELECT currency, vcpu_second, gib_second FROM cluster_prices WHERE cluster_id = t.cluster_id
     ORDER BY (day <= t.day) DESC, abs(day - t.day) LIMIT 1) p ON true
   WHERE t.organization_id = $1 AND t.day >= $2::date AND t.day < $3::date
   GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 3, 4, 5, 6`,
);

export const saveClusterPriceSql = statement<unknown>(
  'cluster_price_save',
  `INSERT INTO cluster_prices (cluster_id, day, currency, vcpu_second, gib_second) VALUES ($1, $2::date, $3, $4, $5)
   ON CONFLICT (cluster_id, day) DO UPDATE SET currency = excluded.currency, vcpu_second = excluded.vcpu_second,
     gib_second = excluded.gib_second`,
);
