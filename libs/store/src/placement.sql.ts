import type { Placement, Route, Target, TargetReport } from '#libs/domain';
import { statement } from './statement.js';

export interface PlacementRow {
  service_id: Placement['serviceId'];
  cluster_ids: Placement['clusterIds'];
  reasons: Placement['reasons'];
  decided_at: Date;
}

export interface TargetRow {
  body: Target;
  observed: TargetReport | null;
}

export const findPlacementSql = statement<PlacementRow>(
  'placement_find',
  `SELECT service_id, cluster_ids, reasons, decided_at FROM placements WHERE organization_id = $1 AND service_id = $2`,
);

export const savePlacementSql = statement<unknown>(
  'placement_save',
  `INSERT INTO placements (organization_id, service_id, cluster_ids, reasons, decided_at) VALUES ($1, $2, $3, $4, $5)
   ON CONFLICT (organization_id, service_id) DO UPDATE SET cluster_ids = excluded.cluster_ids,
     reasons = excluded.reasons, decided_at = excluded.decided_at`,
);

export const listTargetsSql = statement<TargetRow>(
  'target_list',
  `SELECT body, observed FROM targets WHERE organization_id = $1 AND service_id = $2 ORDER BY cluster_id`,
);

// The second lock besides the lease: a lower (epoch, generation) never replaces a higher one.
export const saveTargetSql = statement<{ cluster_id: string }>(
  'target_save',
  `INSERT INTO targets (organization_id, service_id, cluster_id, generation, epoch, body, observed, updated_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
   ON CONFLICT (organization_id, service_id, cluster_id) DO UPDATE SET generation = excluded.generation,
     epoch = excluded.epoch, body = excluded.body, observed = excluded.observed, updated_at = excluded.updated_at
   WHERE (targets.epoch, targets.generation) <= (excluded.epoch, excluded.generation)
   RETURNING cluster_id`,
);

export const listClusterServicesSql = statement<{ service_id: string }>(
  'target_list_cluster_services',
  `SELECT service_id FROM targets WHERE cluster_id = $1`,
);

export const countHeldSql = statement<{ held: number; removing: number }>(
  'target_count_held',
  `SELECT count(*) FILTER (WHERE NOT body ? 'tombstone' OR coalesce(observed->>'removed', 'false') <> 'true') AS held,
     count(*) FILTER (WHERE body->'tombstone'->>'by' = 'derived'
       AND coalesce(observed->>'removed', 'false') <> 'true') AS removing
   FROM targets WHERE cluster_id = $1`,
);

export const listRoutesSql = statement<{ body: Route }>(
  'route_list',
  `SELECT body FROM routes WHERE (organization_id = $1 AND service_id = $2) OR host = ANY($3) ORDER BY host`,
);

// A host belongs to the live service of that name; one that is going may only touch rows that are still its own.
export const saveRouteSql = statement<{ host: string }>(
  'route_save',
  `INSERT INTO routes (host, organization_id, service_id, version, body, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
   ON CONFLICT (host) DO UPDATE SET organization_id = excluded.organization_id, service_id = excluded.service_id,
     version = excluded.version, body = excluded.body, updated_at = excluded.updated_at
   WHERE routes.version < excluded.version AND (routes.service_id = excluded.service_id OR routes.body ? 'deleted')
   RETURNING host`,
);
