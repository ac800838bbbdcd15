import type { Cluster, ClusterFacts, Door, Gateway } from '#libs/domain';
import { statement } from './statement.js';

export interface ClusterRow {
  id: Cluster['id'];
  name: string;
  provider: string;
  region: string;
  zone: string;
  runtime: Cluster['runtime'];
  gpu_classes: string[];
  capabilities: string[];
  door: Door | null;
  public_key: Record<string, unknown> | null;
  joined_at: Date | null;
  last_seen_at: Date | null;
  waiting_since: Date | null;
  cordoned_at: Date | null;
  draining_at: Date | null;
  drain_total: number | null;
  found: ClusterFacts | null;
  clock_offset_ms: number | null;
  /** What was set last. */
  price: Cluster['price'] | null;
  created_at: Date;
  version: number;
}

export const CLUSTER_COLUMNS = `id, name, provider, region, zone, runtime, gpu_classes, capabilities, door, public_key,
  joined_at, last_seen_at, waiting_since, cordoned_at, draining_at, drain_total, found, clock_offset_ms, created_at, version,
  (SELECT jsonb_build_object('currency', currency, 'vcpuSecond', trim_scale(vcpu_second)::text,
     'gibSecond', trim_scale(gib_second)::text, 'gpuSeconds', gpu_seconds, 'since', to_char(day, 'YYYY-MM-DD'))
   FROM cluster_prices WHERE cluster_id = clusters.id ORDER BY day DESC LIMIT 1) AS price`;

export const insertClusterSql = statement<ClusterRow>(
  'cluster_insert',
  `INSERT INTO clusters (id, name, provider, region, zone, runtime, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
   ON CONFLICT (name) DO NOTHING RETURNING ${CLUSTER_COLUMNS}`,
);

export const findClusterSql = statement<ClusterRow>(
  'cluster_find',
  `SELECT ${CLUSTER_COLUMNS} FROM clusters WHERE (id = $1 OR name = $1) AND removed_at IS NULL`,
);

export const listClustersSql = statement<ClusterRow>(
  'cluster_list',
  `SELECT ${CLUSTER_COLUMNS} FROM clusters WHERE id > $1 AND removed_at IS NULL ORDER BY id LIMIT $2`,
);

export const cordonClusterSql = statement<ClusterRow>(
  'cluster_cordon',
  `UPDATE clusters SET cordoned_at = CASE WHEN $2::timestamptz IS NULL THEN NULL ELSE coalesce(cordoned_at, $2) END,
     draining_at = CASE WHEN $2::timestamptz IS NULL THEN NULL ELSE draining_at END,
     drain_total = CASE WHEN $2::timestamptz IS NULL THEN NULL ELSE drain_total END,
     version = version + 1
   WHERE id = $1 RETURNING ${CLUSTER_COLUMNS}`,
);

export const drainClusterSql = statement<ClusterRow>(
  'cluster_drain',
  `UPDATE clusters SET cordoned_at = coalesce(cordoned_at, $2), draining_at = coalesce(draining_at, $2),
     drain_total = coalesce(drain_total, $3), version = version + 1
   WHERE id = $1 RETURNING ${CLUSTER_COLUMNS}`,
);

// The name is free again, and no other name looks like an id.
export const removeClusterSql = statement<{ id: string }>(
  'cluster_remove',
  `UPDATE clusters SET removed_at = $2, name = id, version = version + 1 WHERE id = $1 RETURNING id`,
);

/** Also of clusters that were removed. */
export const listClusterRegionsSql = statement<{ id: string; region: string }>(
  'cluster_list_all_regions',
  `SELECT id, region FROM clusters`,
);

export const listRegionsSql = statement<{ region: string }>(
  'cluster_list_regions',
  `SELECT DISTINCT region FROM clusters WHERE removed_at IS NULL ORDER BY region`,
);

// The rows of what it held say only that it is gone.
export const forgetClusterTargetsSql = statement<unknown>(
  'cluster_forget_targets',
  `DELETE FROM targets WHERE cluster_id = $1 AND body ? 'tombstone' AND observed->>'removed' = 'true'`,
);

export const listHoldingsSql = statement<{ service_id: string; reason: string | null }>(
  'cluster_list_holdings',
  `SELECT service_id, reason FROM list_cluster_holdings($1)`,
);

export const hasCapabilitySql = statement<{ found: boolean }>(
  'cluster_has_capability',
  `SELECT EXISTS (SELECT 1 FROM clusters WHERE capabilities @> jsonb_build_array($1::text) AND joined_at IS NOT NULL AND removed_at IS NULL) AS found`,
);

export const insertJoinTokenSql = statement<unknown>(
  'join_token_insert',
  `INSERT INTO join_tokens (id, hash, kind, cluster_id, region, created_at, expires_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7)`,
);

// What the agent says, with every report; `version` stays, because no intent changed. One that does not work (yet) says no
// door: gateways go on using the one they know, or the one that waits ($8), and it was working until it was heard of last. What
// it found stays until it has looked again.
export const recordClusterSql = statement<{ id: string }>(
  'cluster_record',
  `UPDATE clusters SET capabilities = $2, door = coalesce($3, $8, door), last_seen_at = greatest(last_seen_at, $4), runtime = $5,
     found = coalesce($6, found), clock_offset_ms = $7,
     waiting_since = CASE WHEN $3::jsonb IS NULL THEN coalesce(waiting_since, last_seen_at, $4) END
   WHERE id = $1 AND joined_at IS NOT NULL AND removed_at IS NULL RETURNING id`,
);

export const joinClusterSql = statement<ClusterRow>(
  'cluster_join',
  `UPDATE clusters SET public_key = $2, joined_at = $3, version = version + 1 WHERE id = $1 AND removed_at IS NULL
   RETURNING ${CLUSTER_COLUMNS}`,
);

export const insertGatewaySql = statement<unknown>(
  'gateway_insert',
  `INSERT INTO gateways (id, region, joined_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`,
);

export const findGatewaySql = statement<Pick<Gateway, 'id' | 'region'>>(
  'gateway_find',
  `SELECT id, region FROM gateways WHERE id = $1`,
);

export const listGatewaysSeenSql = statement<{ id: string }>(
  'gateway_list_seen',
  `SELECT id FROM gateways WHERE coalesce(last_seen_at, joined_at) > $1 ORDER BY id`,
);

export const recordGatewaySql = statement<unknown>(
  'gateway_record',
  `UPDATE gateways SET last_seen_at = greatest(last_seen_at, $2) WHERE id = $1`,
);

/** A token works for one joiner: the row is taken by the update itself; the same nonce finds the same member again. */
export const takeJoinTokenSql = statement<JoinTokenRow>(
  'join_token_take',
  `UPDATE join_tokens SET used_at = coalesce(used_at, $2), nonce_hash = $3,
     member_id = coalesce(member_id, cluster_id, $4)
   WHERE hash = $1 AND expires_at > $2 AND (used_at IS NULL OR nonce_hash = $3)
   RETURNING kind, cluster_id, region, member_id`,
);

export const findJoinTokenSql = statement<{ used_at: Date | null; expires_at: Date }>(
  'join_token_find',
  `SELECT used_at, expires_at FROM join_tokens WHERE hash = $1`,
);

export interface JoinTokenRow {
  kind: 'agent' | 'gateway';
  cluster_id: Cluster['id'] | null;
  region: string | null;
  member_id: string;
}

export const saveRenewalTokenSql = statement<unknown>(
  'renewal_token_save',
  `INSERT INTO renewal_tokens (member_id, hash, kind, created_at) VALUES ($1, $2, $3, $4)
   ON CONFLICT (member_id) DO UPDATE SET hash = excluded.hash, created_at = excluded.created_at`,
);

export const findRenewalTokenSql = statement<{ member_id: string; kind: 'agent' | 'gateway' }>(
  'renewal_token_find',
  `SELECT member_id, kind FROM renewal_tokens WHERE hash = $1`,
);
