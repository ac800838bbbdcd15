import { stableHash } from '#libs/domain';

/** Services are divided into so many parts; each is worked on by the one replica that holds its lease. */
export const PARTITIONS = 8;

/** Which part a service belongs to: the same in every replica and version. */
export function partitionOf(serviceId: string): number {
  return stableHash(serviceId) % PARTITIONS;
}

const leaseName = (partition: number): string => `deployer.${partition}`;

/** The lease under which a replica may write about the service. */
export function leaseOf(serviceId: string): string {
  return leaseName(partitionOf(serviceId));
}

/** Whoever holds it also does what one replica should do. */
export const FIRST_LEASE = leaseName(0);

export const DEPLOYER_LEASES = Array.from({ length: PARTITIONS }, (_, partition) => leaseName(partition));
