import type { BilledSize } from '#libs/domain';

/** Columns of the size of a revision `r`, which may not be there. */
export const SIZE_COLUMNS = `coalesce((r.spec->'resources'->>'cpuMillis')::int, 0) AS cpu_millis,
     coalesce((r.spec->'resources'->>'memoryMiB')::int, 0) AS memory_mib,
     (r.spec->'resources'->>'gpus')::int AS gpus, r.spec->'resources'->>'gpuClass' AS gpu_class`;

export interface SizeRow {
  cpu_millis: number;
  memory_mib: number;
  gpus: number | null;
  gpu_class: string | null;
}

export function sizeOf({ cpu_millis, memory_mib, gpus, gpu_class }: SizeRow): BilledSize {
  const devices = gpus === null || gpu_class === null ? {} : { gpus, gpuClass: gpu_class };
  return { cpuMillis: cpu_millis, memoryMiB: memory_mib, ...devices };
}
