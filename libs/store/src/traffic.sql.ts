import type { Id, TrafficTarget } from '#libs/domain';
import { statement } from './statement.js';

export interface TrafficChangeRow {
  service_id: Id<'svc'>;
  number: number;
  actor_id: string;
  from_traffic: TrafficTarget[];
  to_traffic: TrafficTarget[];
  created_at: Date;
}

const COLUMNS = 'service_id, number, actor_id, from_traffic, to_traffic, created_at';

/** Numbers are given under the service's lock. */
export const insertTrafficChangeSql = statement<TrafficChangeRow>(
  'traffic_change_insert',
  `INSERT INTO traffic_changes (organization_id, service_id, number, actor_id, from_traffic, to_traffic, created_at)
   SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4::jsonb, $5::jsonb, $6::timestamptz FROM traffic_changes
   WHERE organization_id = $1 AND service_id = $2
   RETURNING ${COLUMNS}`,
);

/** Newest first; `before` is the last number of the page before. */
export const listTrafficChangesSql = statement<TrafficChangeRow>(
  'traffic_change_list',
  `SELECT ${COLUMNS} FROM traffic_changes
   WHERE organization_id = $1 AND service_id = $2 AND ($3::int IS NULL OR number < $3)
   ORDER BY number DESC LIMIT $4`,
);

export const findTrafficChangeSql = statement<TrafficChangeRow>(
  'traffic_change_find',
  `SELECT ${COLUMNS} FROM traffic_changes WHERE organization_id = $1 AND service_id = $2 AND number = $3`,
);
