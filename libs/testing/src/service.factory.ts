import { initialServiceStatus, newId, newTemplate, plannedSteps } from '#libs/domain';
import type { Cluster, Digest, Id, IdPrefix, Operation, OperationKind, Service, Upload } from '#libs/domain';
import type { ServiceRecords } from '#libs/store';
import { seededRandom } from './random.js';

const random = seededRandom(7);
const START = Date.UTC(2026, 0, 1);

/** A new id, the same in every run of a test file. */
export function testId<P extends IdPrefix>(prefix: P): Id<P> {
  return newId(prefix, START, random);
}

/** A digest made of one hex digit. */
export function testDigest(digit: string): Digest {
  return `sha256:${digit.repeat(64)}`;
}

/** A joined cluster of the local runtime that can build and answers at `now`. */
export function testCluster(now: number, more: Partial<Cluster> = {}): Cluster {
  const id = more.id ?? testId('cls');
  return {
    id,
    name: `cluster-${id.slice(-4)}`,
    provider: 'local',
    region: 'local',
    zone: 'local',
    runtime: 'local',
    gpuClasses: [],
    capabilities: ['builder'],
    door: { host: '127.0.0.1', port: 4000 },
    joinedAt: now,
    lastSeenAt: now,
    createdAt: now,
    version: 1,
    ...more,
  };
}

export function testUpload(service: Pick<Service, 'organizationId' | 'projectId'>, digit: string): Upload {
  const { organizationId, projectId } = service;
  return {
    id: testId('upl'),
    organizationId,
    projectId,
    digest: testDigest(digit),
    size: 1,
    createdAt: START,
  };
}

/** An operation as the api writes it. */
export function testOperation(
  service: Service,
  kind: OperationKind,
  more: { makesRevision: boolean; now: number },
): Operation {
  const { organizationId, projectId, id: serviceId, generation } = service;
  return {
    id: testId('op'),
    organizationId,
    projectId,
    serviceId,
    kind,
    generation,
    status: 'pending',
    steps: plannedSteps(kind, more.makesRevision),
    createdAt: more.now,
    version: 1,
  };
}

/** A service that was just created from an upload, with its operation; nothing is deployed yet. */
export function testServiceRecords(now: number, clusters: Cluster[], name = 'hello'): ServiceRecords {
  const place = { organizationId: testId('org'), projectId: testId('prj') };
  const upload = testUpload(place, 'a');
  const service: Service = {
    id: testId('svc'),
    ...place,
    name,
    access: 'public',
    minInstances: 0,
    template: newTemplate({ source: { uploadId: upload.id } }),
    traffic: [{ revision: 'latest', percent: 100 }],
    generation: 1,
    createdAt: now,
    updatedAt: now,
    version: 1,
    status: initialServiceStatus(),
  };
  return {
    service,
    projectHandle: 'default',
    organizationStatus: 'active',
    templateGeneration: 1,
    revisions: [],
    upload,
    targets: [],
    routes: [],
    operations: [testOperation(service, 'deploy', { makesRevision: true, now })],
    clusters,
    secrets: [],
    gpuClasses: [],
    hubEpoch: 1,
    hosts: [`${name}--default.localhost`],
  };
}
