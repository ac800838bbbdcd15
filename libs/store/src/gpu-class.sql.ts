import type { GpuClass } from '#libs/domain';
import { statement } from './statement.js';

export interface GpuClassRow {
  id: GpuClass['id'];
  name: string;
  resource: string;
  node_labels: GpuClass['nodeLabels'];
  tolerations: GpuClass['tolerations'];
  min_cpu_millis: number | null;
  min_memory_mib: number | null;
  max_gpus: number | null;
  created_at: Date;
}

const COLUMNS =
  'id, name, resource, node_labels, tolerations, min_cpu_millis, min_memory_mib, max_gpus, created_at';

export const insertGpuClassSql = statement<GpuClassRow>(
  'gpu_class_insert',
  `INSERT INTO gpu_classes (id, name, resource, node_labels, tolerations, min_cpu_millis, min_memory_mib, created_by,
     created_at, max_gpus)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (name) DO NOTHING RETURNING ${COLUMNS}`,
);

export const findGpuClassSql = statement<GpuClassRow>(
  'gpu_class_find',
  `SELECT ${COLUMNS} FROM gpu_classes WHERE id = $1 OR name = $1`,
);

export const listGpuClassesSql = statement<GpuClassRow>(
  'gpu_class_list',
  `SELECT ${COLUMNS} FROM gpu_classes WHERE id > $1 ORDER BY id LIMIT $2`,
);

export const allGpuClassesSql = statement<GpuClassRow>(
  'gpu_class_all',
  `SELECT ${COLUMNS} FROM gpu_classes ORDER BY name`,
);

export const deleteGpuClassSql = statement<unknown>(
  'gpu_class_delete',
  `DELETE FROM gpu_classes WHERE id = $1`,
);

export const countGpuClassServicesSql = statement<{ services: bigint }>(
  'gpu_class_count_services',
  `SELECT count_gpu_class_services($1) AS services`,
);

export const useGpuClassesSql = statement<unknown>(
  'gpu_class_use',
  `SELECT pg_advisory_xact_lock_shared(hashtextextended('gpu classes', 0))`,
);

export const lockGpuClassesSql = statement<unknown>(
  'gpu_class_lock',
  `SELECT pg_advisory_xact_lock(hashtextextended('gpu classes', 0))`,
);
