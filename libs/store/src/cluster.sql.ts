import type { Cluster, Door } from '#libs/domain';
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
  created_at: Date;
  version: number;
}

export const CLUSTER_COLUMNS = `id, name, provider, region, zone, runtime, gpu_classes, capabilities, door, public_key,
  joined_at, last_seen_at, created_at, version`;

export const insertClusterSql = statement<ClusterRow>(
  'cluster_insert',
  `INSERT INTO clusters (id, name, provider, region, zone, runtime, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
   ON CONFLICT (name) DO NOTHING RETURNING ${CLUSTER_COLUMNS}`,
);

export const findClusterSql = statement<ClusterRow>(
  'cluster_find',
  `SELECT ${CLUSTER_COLUMNS} FROM clusters WHERE id = $1`,
);

export const listClustersSql = statement<ClusterRow>(
  'cluster_list',
  `SELECT ${CLUSTER_COLUMNS} FROM clusters WHERE id > $1 ORDER BY id LIMIT $2`,
);

export const hasRuntimeSql = statement<{ found: boolean }>(
  'cluster_has_runtime',
  `SELECT EXISTS (SELECT 1 FROM clusters WHERE runtime = $1) AS found`,
);

export const insertJoinTokenSql = statement<unknown>(
  'join_token_insert',
  `INSERT INTO join_tokens (id, hash, kind, cluster_id, region, created_at, expires_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7)`,
);
