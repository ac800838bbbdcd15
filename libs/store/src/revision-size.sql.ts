import type { BilledSize } from '#libs/domain';

/** What an instance of a revision has in all: its serving container's and its sidecars'. @param spec the column */
export const instanceHas = (what: 'cpuMillis' | 'memoryMiB', spec: string): string =>
  `(coalesce((${spec}->'resources'->>'${what}')::int, 0) + coalesce((SELECT sum((c->'resources'->>'${what}')::int)
     FROM jsonb_array_elements(${spec}->'sidecars') c), 0))::int`;

/** Columns of the size of a revision `r`, which may not be there. */
export const SIZE_COLUMNS = `${instanceHas('cpuMillis', 'r.spec')} AS cpu_millis,
     ${instanceHas('memoryMiB', 'r.spec')} AS memory_mib,
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
