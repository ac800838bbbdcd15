import { statement } from './statement.js';

// A report is heard again and again: the first word is kept.
export const storeBuildTimeSql = statement<unknown>(
  'build_time_store',
  `INSERT INTO build_times (build_id, organization_id, project_id, service_id, cluster_id, start_ms, end_ms)
   VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (build_id) DO NOTHING`,
);

export interface BuildTimeRow {
  build_id: string;
  organization_id: string;
  project_id: string;
  service_id: string;
  cluster_id: string;
  start_ms: number;
  end_ms: number;
}

export const waitingBuildTimesSql = statement<BuildTimeRow>(
  'build_time_waiting',
  `SELECT build_id, organization_id, project_id, service_id, cluster_id, start_ms, end_ms FROM build_times
   WHERE taken IS NULL ORDER BY build_id LIMIT $1 FOR UPDATE SKIP LOCKED`,
);

export const takeBuildTimesSql = statement<unknown>(
  'build_time_take',
  `UPDATE build_times b SET price_zone = t.price_zone, taken = $3
   FROM unnest($1::text[], $2::text[]) AS t (build_id, price_zone) WHERE b.build_id = t.build_id`,
);
