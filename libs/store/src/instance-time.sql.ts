import type { Id } from '#libs/domain';
import { statement } from './statement.js';

export interface InstanceTimeRow {
  cluster_id: Id<'cls'>;
  cluster: string;
  service_id: string;
  currency: string | null;
  vcpu_second: string | null;
  gib_second: string | null;
  /** Decimals by GPU class. */
  gpu_seconds: Record<string, string> | null;
  instance_ms: string;
  cpu_ms: string;
  memory_ms: string;
  /** GPUs x ms by class, of each day with any. */
  gpu_ms: Record<string, string>[] | null;
}

// The price of a day is the last one set until then; days before the first one have the first one.
export const instanceTimeSql = statement<InstanceTimeRow>(
  'instance_time_of',
  `SELECT t.cluster_id, c.name AS cluster, t.service_id, p.currency, p.vcpu_second::text, p.gib_second::text, p.gpu_seconds,
     sum(t.instance_ms)::text AS instance_ms, sum(t.cpu_ms)::text AS cpu_ms, sum(t.memory_ms)::text AS memory_ms,
     jsonb_agg(g.gpu_ms) FILTER (WHERE g.gpu_ms IS NOT NULL) AS gpu_ms
   FROM instance_time t JOIN clusters c ON c.id = t.cluster_id
   LEFT JOIN LATERAL (
     SELECT currency, vcpu_second, gib_second, gpu_seconds FROM cluster_prices WHERE cluster_id = t.cluster_id
     ORDER BY (day <= t.day) DESC, abs(day - t.day) LIMIT 1) p ON true
   LEFT JOIN LATERAL (
     SELECT jsonb_object_agg(gpu_class, gpu_ms::text) AS gpu_ms FROM instance_gpu_time
     WHERE organization_id = t.organization_id AND day = t.day AND cluster_id = t.cluster_id
       AND service_id = t.service_id) g ON true
   WHERE t.organization_id = $1 AND t.day >= $2::date AND t.day < $3::date
   GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 3, 4, 5, 6, 7`,
);

export const saveClusterPriceSql = statement<unknown>(
  'cluster_price_save',
  `INSERT INTO cluster_prices (cluster_id, day, currency, vcpu_second, gib_second, gpu_seconds) VALUES ($1, $2::date, $3, $4, $5, $6)
   ON CONFLICT (cluster_id, day) DO UPDATE SET currency = excluded.currency, vcpu_second = excluded.vcpu_second,
     gib_second = excluded.gib_second, gpu_seconds = excluded.gpu_seconds`,
);
