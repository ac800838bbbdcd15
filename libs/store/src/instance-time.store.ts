import { exactDecimal, formatDecimal, monthSpan, type ClusterPrice, type InstanceTime } from '#libs/domain';
import { instanceTimeSql, saveClusterPriceSql, type InstanceTimeRow } from './instance-time.sql.js';
import { present } from './row.js';
import type { Tx } from './statement.js';

/** UTC day of an instant, `YYYY-MM-DD`. */
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Time of instances, and the name of the cluster. */
export interface StoredInstanceTime extends InstanceTime {
  cluster: string;
}

/** What was seen to run of an organization in a UTC month, by cluster, service and price. Bound to the organization. */
export async function findInstanceTime(
  tx: Tx,
  organizationId: string,
  month: string,
): Promise<StoredInstanceTime[]> {
  const { startMs, endMs } = monthSpan(month);
  return (await tx.run(instanceTimeSql, [organizationId, dayOf(startMs), dayOf(endMs)])).map(toTime);
}

function toTime(row: InstanceTimeRow): StoredInstanceTime {
  return {
    clusterId: row.cluster_id,
    cluster: row.cluster,
    serviceId: row.service_id,
    instanceMs: BigInt(row.instance_ms),
    cpuMs: BigInt(row.cpu_ms),
    memoryMs: BigInt(row.memory_ms),
    gpuMs: gpuMsOf(row.gpu_ms ?? []),
    ...present({ price: toPrice(row) }),
  };
}

function toPrice(row: InstanceTimeRow): ClusterPrice | undefined {
  const { currency, vcpu_second: vcpu, gib_second: gib, gpu_seconds: gpus } = row;
  if (currency === null || vcpu === null || gib === null) return undefined;
  const gpuSeconds = new Map(
    Object.entries(gpus ?? {}).map(([gpuClass, text]) => [gpuClass, exactDecimal(text)]),
  );
  return { currency, vcpuSecond: exactDecimal(vcpu), gibSecond: exactDecimal(gib), gpuSeconds };
}

function gpuMsOf(days: readonly Record<string, string>[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const day of days)
    for (const [gpuClass, ms] of Object.entries(day))
      sums.set(gpuClass, (sums.get(gpuClass) ?? 0n) + BigInt(ms));
  return sums;
}

/** Sets what instances in a cluster cost from the UTC day of `now` on; the price of days before stays. */
export async function saveClusterPrice(
  tx: Tx,
  clusterId: string,
  { currency, vcpuSecond, gibSecond, gpuSeconds }: ClusterPrice,
  now: number,
): Promise<void> {
  const gpus = Object.fromEntries([...gpuSeconds].map(([of, rate]) => [of, formatDecimal(rate)]));
  const rates = [formatDecimal(vcpuSecond), formatDecimal(gibSecond), JSON.stringify(gpus)];
  await tx.run(saveClusterPriceSql, [clusterId, dayOf(now), currency, ...rates]);
}
