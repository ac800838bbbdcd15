import { TowpathError, type GpuClass } from '#libs/domain';
import {
  allGpuClassesSql,
  countGpuClassServicesSql,
  deleteGpuClassSql,
  findGpuClassSql,
  insertGpuClassSql,
  listGpuClassesSql,
  lockGpuClassesSql,
  useGpuClassesSql,
  type GpuClassRow,
} from './gpu-class.sql.js';
import { ms, present, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/** @throws TowpathError ALREADY_EXISTS when the installation has a class of that name */
export async function insertGpuClass(tx: Tx, gpuClass: GpuClass, createdBy: string): Promise<void> {
  const { id, name, resource, nodeLabels, tolerations, minCpuMillis, minMemoryMiB, maxGpus, createdAt } =
    gpuClass;
  const row = await tx.one(insertGpuClassSql, [
    ...[id, name, resource, JSON.stringify(nodeLabels), JSON.stringify(tolerations)],
    ...[minCpuMillis ?? null, minMemoryMiB ?? null, createdBy, time(createdAt), maxGpus ?? null],
  ]);
  if (row) return;
  throw new TowpathError('ALREADY_EXISTS', `A GPU class named "${name}" exists.`, {
    violations: [{ field: 'name', message: 'is taken' }],
    nextStep: 'Choose another name.',
  });
}

/** By id or name: no name looks like an id. */
export async function findGpuClass(tx: Tx, id: string): Promise<GpuClass | undefined> {
  const row = await tx.one(findGpuClassSql, [id]);
  return row && toGpuClass(row);
}

/** Oldest first. */
export async function listGpuClasses(tx: Tx, page: PageRequest): Promise<GpuClass[]> {
  return (await tx.run(listGpuClassesSql, [page.after ?? '', page.limit])).map(toGpuClass);
}

/** All there are, by name. */
export async function allGpuClasses(tx: Tx): Promise<GpuClass[]> {
  return (await tx.run(allGpuClassesSql)).map(toGpuClass);
}

/** All there are, by name; none of them is deleted until the transaction ends. */
export async function usableGpuClasses(tx: Tx): Promise<GpuClass[]> {
  await tx.run(useGpuClassesSql);
  return allGpuClasses(tx);
}

/** How many services of all organizations use the class; none begins to until the transaction ends. */
export async function countGpuClassServices(tx: Tx, { name }: GpuClass): Promise<number> {
  await tx.run(lockGpuClassesSql);
  return Number((await tx.one(countGpuClassServicesSql, [name]))?.services ?? 0);
}

export async function deleteGpuClass(tx: Tx, { id }: GpuClass): Promise<void> {
  await tx.run(deleteGpuClassSql, [id]);
}

function toGpuClass(row: GpuClassRow): GpuClass {
  const { id, name, resource, tolerations, node_labels: nodeLabels } = row;
  const bounds = {
    minCpuMillis: row.min_cpu_millis,
    minMemoryMiB: row.min_memory_mib,
    maxGpus: row.max_gpus,
  };
  return { id, name, resource, nodeLabels, tolerations, ...present(bounds), createdAt: ms(row.created_at) };
}
