import { newId, type Id, type Random } from '#libs/domain';
import type { TestDatabase, UsedRevision } from '#libs/testing';

/** A cluster that is asked to hold the service. */
export async function makeHolder(
  database: TestDatabase,
  random: Random,
  of: Pick<UsedRevision, 'organizationId' | 'serviceId'>,
): Promise<Id<'cls'>> {
  const clusterId = newId('cls', Date.UTC(2026, 10), random);
  await database.query(
    `INSERT INTO clusters (id, name, provider, region, zone, runtime, created_at) VALUES ($1, $1, 'p', 'r', 'z', 'local', now())`,
    [clusterId],
  );
  await hold(database, { ...of, clusterId });
  return clusterId;
}

/** The cluster is asked to hold the service; `removedMs`: it said by then that nothing of it is left. */
export async function hold(
  database: TestDatabase,
  of: Pick<UsedRevision, 'organizationId' | 'serviceId'> & { clusterId: Id<'cls'> },
  removedMs?: number,
): Promise<void> {
  await database.query(
    `INSERT INTO targets (organization_id, service_id, cluster_id, generation, epoch, body, observed, updated_at)
     VALUES ($1, $2, $3, 1, 1, $4, $5, $6)
     ON CONFLICT (organization_id, service_id, cluster_id) DO UPDATE SET body = excluded.body,
       observed = excluded.observed, updated_at = excluded.updated_at`,
    [
      ...[of.organizationId, of.serviceId, of.clusterId],
      JSON.stringify(removedMs === undefined ? {} : { tombstone: { by: 'derived' } }),
      JSON.stringify({ removed: removedMs !== undefined }),
      new Date(removedMs ?? 0),
    ],
  );
}
