import { exactDecimal, formatDecimal, monthSpan, type ClusterPrice, type InstanceTime } from '#libs/domain';
import { instanceTimeSql, saveClusterPriceSql, type InstanceTimeRow } from './instance-time.sql.js';
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
  const { currency, vcpu_second: vcpu, gib_second: gib } = row;
  const priced = currency !== null && vcpu !== null && gib !== null;
  return {
    clusterId: row.cluster_id,
    cluster: row.cluster,
    serviceId: row.service_id,
    instanceMs: BigInt(row.instance_ms),
    cpuMs: BigInt(row.cpu_ms),
    memoryMs: BigInt(row.memory_ms),
    ...(priced ? { price: toPrice({ currency, vcpu_second: vcpu, gib_second: gib }) } : {}),
  };
}

function toPrice(row: { currency: string; vcpu_second: string; gib_second: string }): ClusterPrice {
  const { currency, vcpu_second: vcpu, gib_second: gib } = row;
  return { currency, vcpuSecond: exactDecimal(vcpu), gibSecond: exactDecimal(gib) };
}

/** Sets what instances in a cluster cost from the UTC day of `now` on; the price of days before stays. */
export async function saveClusterPrice(
  tx: Tx,
  clusterId: string,
  { currency, vcpuSecond, gibSecond }: ClusterPrice,
  now: number,
): Promise<void> {
  const rates = [formatDecimal(vcpuSecond), formatDecimal(gibSecond)];
  await tx.run(saveClusterPriceSql, [clusterId, dayOf(now), currency, ...rates]);
}
