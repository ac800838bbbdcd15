import { TEMPLATE_DEFAULTS, revisionHost, type Target, type TargetRevision } from '#libs/domain';
import { testDigest, testId } from '#libs/testing';
import type { KnativeRevision, KnativeService } from './knative.types.js';
import { KNATIVE_SERVICE, namespaceOf } from './knative.names.js';
import type { ManifestSettings } from './service.manifest.js';

export const PROJECT = testId('prj');
export const CLUSTER = testId('cls');

export const settings: ManifestSettings = {
  clusterId: CLUSTER,
  builtImage: (_projectId, _organizationId, digest) => `registry.test/app@${digest}`,
  cpuRequestPercent: 10,
  memoryRequestPercent: 50,
  windowSeconds: 60,
  startTimeoutSeconds: 60,
  placeTimeoutSeconds: 100,
  runtimeClasses: {},
};

export function revisionOf(name: string, more: Partial<TargetRevision> = {}): TargetRevision {
  const { resources, concurrency, timeoutSeconds, maxInstances, port, protocol } = TEMPLATE_DEFAULTS;
  return {
    id: testId('rev'),
    name,
    host: revisionHost(name, 'hello', PROJECT),
    imageDigest: testDigest('a'),
    env: [],
    minInstances: 0,
    ...{ resources, concurrency, timeoutSeconds, maxInstances, port, protocol },
    ...more,
  };
}

export function targetOf(revisions: TargetRevision[], more: Partial<Target> = {}): Target {
  return {
    schemaVersion: 1,
    clusterId: CLUSTER,
    organizationId: testId('org'),
    projectId: PROJECT,
    service: { id: testId('svc'), name: 'hello' },
    generation: 1,
    epoch: 1,
    revisions,
    ...more,
  };
}

/** A Knative Revision as its controller leaves it. */
export function seenRevision(
  name: string,
  status: 'True' | 'False' | 'Unknown',
  why: { reason?: string; message?: string } = {},
): KnativeRevision {
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Revision',
    metadata: {
      name,
      namespace: namespaceOf(PROJECT),
      generation: 1,
      labels: { [KNATIVE_SERVICE]: 'hello' },
    },
    status: { observedGeneration: 1, conditions: [{ type: 'Ready', status, ...why }] },
  };
}

/** A Knative Service whose template is of that name, with that traffic. */
export function seenService(
  template: string,
  traffic: NonNullable<KnativeService['spec']['traffic']>,
): KnativeService {
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'hello', namespace: namespaceOf(PROJECT), generation: 2 },
    spec: { template: { metadata: { name: template } }, traffic },
    status: { observedGeneration: 2, traffic, conditions: [{ type: 'RoutesReady', status: 'True' }] },
  };
}
