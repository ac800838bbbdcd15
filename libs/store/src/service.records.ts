import {
  KEPT_AFTER_SERVING,
  STANDARD_TERMS,
  makesRevision,
  secretReferences,
  serviceHost,
} from '#libs/domain';
import type {
  Build,
  Cluster,
  GpuClass,
  Operation,
  Placement,
  Route,
  RuntimeTier,
  Secret,
  Service,
  ServiceStatus,
  Upload,
} from '#libs/domain';
import { findBuildOfUpload, saveBuild } from './build.store.js';
import { listClusters } from './cluster.store.js';
import { allGpuClasses } from './gpu-class.store.js';
import { findHeld } from './held.store.js';
import { hubEpoch } from './hub.store.js';
import type { LeasedTx } from './lease.store.js';
import { listOpenOperations, updateOperation } from './operation.store.js';
import {
  StaleWrite,
  findPlacement,
  listRoutes,
  listTargets,
  savePlacement,
  saveRoute,
  saveTarget,
  type TargetRecord,
} from './placement.store.js';
import {
  createRevision,
  listRelevantRevisions,
  updateRevision,
  type RevisionRecord,
} from './revision.store.js';
import { runtimeTierSql } from './price-plan.sql.js';
import { findSecret } from './secret.store.js';
import {
  findIntent,
  lockGeneration,
  markRemoved,
  updateServiceStatus,
  type IntentRecord,
} from './service-status.store.js';
import type { Tx } from './statement.js';
import { findUpload } from './upload.store.js';

/** Everything the deployer reads about one service before it decides; fresh at every look. */
export interface ServiceRecords extends IntentRecord {
  /** See listRelevantRevisions; ascending by number. */
  revisions: RevisionRecord[];
  /** The upload the template is built from. */
  upload?: Upload;
  /** The build of that upload. */
  build?: Build;
  placement?: Placement;
  targets: TargetRecord[];
  /** Routes of the service and of the hosts it asks for. */
  routes: Route[];
  /** Operations that have not ended, oldest first. */
  operations: Operation[];
  clusters: Cluster[];
  gpuClasses: GpuClass[];
  /** The secrets that the template names. */
  secrets: Secret[];
  hubEpoch: number;
  /** Of the price plan in force now. */
  runtimeTier?: RuntimeTier;
  /** The hosts it asks for. */
  hosts: string[];
  /** Set while the service is left as clusters have it (see held.store.ts). */
  held?: { released: boolean };
}

/** What a decision changes; absent or empty: nothing. Written in one transaction. */
export interface ServiceChanges {
  build?: Build;
  newRevision?: RevisionRecord;
  revisions: RevisionRecord[];
  placement?: Placement;
  targets: TargetRecord[];
  routes: Route[];
  status?: ServiceStatus;
  operations: Operation[];
  removedAt?: number;
}

/** Whether a cluster is asked for a build by these changes. */
export function asksForBuild({ build }: Pick<ServiceChanges, 'build'>): boolean {
  return build?.status === 'pending' && build.clusterId !== undefined;
}

const ALL = { limit: 10_000 };

/**
 * Asks everything that needs nothing else at once: over `Database.readAsSystem` that is one way to the server and back for
 * each wave, whatever the number of statements.
 */
export async function loadServiceRecords(
  tx: Tx,
  id: string,
  domain: string,
  now: number,
): Promise<ServiceRecords | undefined> {
  const intent = await findIntent(tx, id);
  if (!intent) return undefined;
  const { service } = intent;
  const hosts = hostsOf(intent, domain);
  const [
    operations,
    upload,
    placement,
    held,
    targets,
    routes,
    clusters,
    gpuClasses,
    secrets,
    epoch,
    runtimeTier,
  ] = await Promise.all([
    listOpenOperations(tx, service),
    uploadOf(tx, service),
    findPlacement(tx, service),
    findHeld(tx, id),
    listTargets(tx, service),
    listRoutes(tx, service, hosts),
    listClusters(tx, ALL),
    allGpuClasses(tx),
    secretsOf(tx, service),
    hubEpoch(tx),
    runtimeTierOf(tx, service, now),
  ]);
  const [build, revisions] = await Promise.all([
    upload && findBuildOfUpload(tx, { ...refOf(service), uploadId: upload.id }),
    listRelevantRevisions(tx, service, {
      names: namesOf(service),
      generations: operations.filter(makesRevision).map((operation) => operation.generation),
      served: KEPT_AFTER_SERVING,
    }),
  ]);
  return {
    ...intent,
    runtimeTier,
    operations,
    revisions,
    ...(upload ? { upload, ...(build ? { build } : {}) } : {}),
    ...(placement ? { placement } : {}),
    targets,
    routes,
    hosts,
    ...(held ? { held } : {}),
    clusters,
    gpuClasses,
    secrets,
    hubEpoch: epoch,
  };
}

async function runtimeTierOf(tx: Tx, { organizationId }: Service, now: number): Promise<RuntimeTier> {
  const found = await tx.one(runtimeTierSql, [organizationId, new Date(now), STANDARD_TERMS.plan]);
  return found?.tier ?? 'standard';
}

/**
 * Writes a decision under the lease that covers the service.
 * @throws StaleWrite when intent or rows changed since they were read: nothing is written then
 */
export async function writeServiceChanges(
  tx: LeasedTx,
  service: Service,
  changes: ServiceChanges,
  now: number,
): Promise<void> {
  const generation = await lockGeneration(tx, service);
  if (generation !== service.generation) throw new StaleWrite(`the intent of ${service.id}`);
  if (changes.build) await saveBuild(tx, changes.build);
  if (changes.newRevision) await createRevision(tx, changes.newRevision);
  for (const revision of changes.revisions) await updateRevision(tx, revision);
  if (changes.placement) await savePlacement(tx, service.organizationId, changes.placement);
  for (const target of changes.targets) await saveTarget(tx, target, now);
  for (const route of changes.routes) await saveRoute(tx, route, now);
  for (const operation of changes.operations) await updateOperation(tx, operation);
  if (changes.status) await updateServiceStatus(tx, service, changes.status);
  if (changes.removedAt !== undefined) await markRemoved(tx, service, changes.removedAt);
}

const refOf = (service: Service): Pick<Build, 'organizationId' | 'serviceId'> => ({
  organizationId: service.organizationId,
  serviceId: service.id,
});

async function uploadOf(tx: Tx, service: Service): Promise<Upload | undefined> {
  const { source } = service.template;
  return source && findUpload(tx, service.organizationId, source.uploadId);
}

function namesOf({ traffic, status }: Service): string[] {
  const latest = status.latestReadyRevision;
  return [...traffic, ...status.traffic]
    .map((line) => line.revision)
    .concat(latest === undefined ? [] : [latest]);
}

function hostsOf({ service, projectHandle }: IntentRecord, domain: string): string[] {
  const tags = service.traffic.map((line) => line.tag);
  return [undefined, ...tags].map((tag) => serviceHost(tag, service.name, projectHandle, domain));
}

async function secretsOf(tx: Tx, { organizationId, projectId, template }: Service): Promise<Secret[]> {
  const names = new Set(secretReferences(template).map(({ secret }) => secret.name));
  const found = await Promise.all([...names].map((name) => findSecret(tx, organizationId, projectId, name)));
  return found.filter((secret) => secret !== undefined);
}
