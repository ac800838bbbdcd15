import { newId, type Id, type Random, type UsageRecord } from '#libs/domain';

type Query = (sql: string, values?: readonly unknown[]) => Promise<unknown>;

/** A tenant with one revision that usage can be of, as rows in a database. */
export interface UsedRevision {
  organizationId: Id<'org'>;
  projectId: Id<'prj'>;
  serviceId: Id<'svc'>;
  revisionId: Id<'rev'>;
  gatewayId: Id<'gw'>;
  producer: Id<'spl'>;
}

export interface RevisionShape {
  concurrency: number;
  maxInstances: number;
  timeoutSeconds: number;
  gpus?: number | undefined;
  gpuClass?: string | undefined;
}

const NOW = Date.UTC(2026, 10, 21);

/** Writes organization, project, service and revision; `query` runs as the owner of the database. */
export async function makeUsedRevision(
  query: Query,
  random: Random,
  shape: RevisionShape,
): Promise<UsedRevision> {
  const made: UsedRevision = {
    organizationId: newId('org', NOW, random),
    projectId: newId('prj', NOW, random),
    serviceId: newId('svc', NOW, random),
    revisionId: newId('rev', NOW, random),
    gatewayId: newId('gw', NOW, random),
    producer: newId('spl', NOW, random),
  };
  const { organizationId: org, projectId: prj, serviceId: svc, revisionId: rev } = made;
  const { gpus, gpuClass, ...rest } = shape;
  const spec = { ...rest, resources: { cpuMillis: 1000, memoryMiB: 512, gpus, gpuClass } };
  await query(`INSERT INTO organizations (id, name, created_at) VALUES ($1, $1, now())`, [org]);
  await query(
    `INSERT INTO projects (organization_id, id, name, handle, created_at) VALUES ($1, $2, 'shop', $3, now())`,
    [org, prj, prj.slice(-12)],
  );
  await query(
    `INSERT INTO services (organization_id, id, project_id, name, access, min_instances, template, traffic, status,
       created_at, updated_at) VALUES ($1, $2, $3, 'hello', 'public', 0, '{}', '[]', '{}', now(), now())`,
    [org, svc, prj],
  );
  await query(
    `INSERT INTO revisions (organization_id, id, project_id, service_id, name, number, template_generation, spec, status,
       created_at) VALUES ($1, $2, $3, $4, 'hello-00001', 1, 1, $5, '{}', now())`,
    [org, rev, prj, svc, JSON.stringify(spec)],
  );
  return made;
}

/** A whole, billable request of that revision; `change` makes it anything else. */
export function usageOf(
  of: UsedRevision,
  position: number,
  span: { startMs: number; endMs: number },
  change: Partial<UsageRecord> = {},
): UsageRecord {
  return {
    schemaVersion: 1,
    producer: of.producer,
    position,
    gatewayId: of.gatewayId,
    region: 'local',
    streamId: `stream-${position}`,
    part: 0,
    last: true,
    startMs: span.startMs,
    endMs: span.endMs,
    requestBytes: 10,
    responseBytes: 100,
    status: 200,
    flags: '-',
    reached: true,
    attempts: 1,
    organizationId: of.organizationId,
    projectId: of.projectId,
    serviceId: of.serviceId,
    revisionId: of.revisionId,
    ...change,
  };
}
