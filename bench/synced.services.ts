/** Services for a cluster, and the objects that the driver makes of them there. */
import {
  TEMPLATE_DEFAULTS,
  kubernetesName,
  newId,
  revisionHost,
  type Digest,
  type Id,
  type IdPrefix,
  type Target,
} from '#libs/domain';
import { systemRandom } from '#libs/process';
import { KINDS, type FieldManager, type Kind, type KubeObject } from '#libs/kube';
import { LABELS, namespaceOf } from '../apps/agent/src/drivers/knative/knative.names.js';
import { projectManifests, type ProjectFacts } from '../apps/agent/src/drivers/knative/project.manifests.js';
import { planService } from '../apps/agent/src/drivers/knative/service.plan.js';
import type { ManifestSettings } from '../apps/agent/src/drivers/knative/service.manifest.js';

const SERVICES_PER_PROJECT = 20;
const LIMITS = { pods: 500, cpuMillis: 4_000_000, memoryMiB: 16_000_000, gpus: 8 };

const DIGEST: Digest = `sha256:${'a'.repeat(64)}`;

/** So many services of projects that are in no cluster yet. */
export interface Synced {
  clusterId: Id<'cls'>;
  targets: Target[];
}

const id = <P extends IdPrefix>(prefix: P): Id<P> => newId(prefix, Date.now(), systemRandom);

export function makeSynced(services: number): Synced {
  const clusterId = id('cls');
  const projects = Array.from({ length: Math.ceil(services / SERVICES_PER_PROJECT) }, () => ({
    organizationId: id('org'),
    projectId: id('prj'),
  }));
  const targets = Array.from({ length: services }, (_one, index): Target => {
    const { organizationId, projectId } = projects[index % projects.length] as (typeof projects)[number];
    const name = `service${index}`;
    const { resources, concurrency, timeoutSeconds, maxInstances, port, protocol } = TEMPLATE_DEFAULTS;
    const revision = {
      ...{ id: id('rev'), name: `${name}-00001`, host: revisionHost(`${name}-00001`, name, projectId) },
      image: `registry.test/app@${DIGEST}`,
      imageDigest: DIGEST,
      env: [],
      ...{ minInstances: 0, resources, concurrency, timeoutSeconds, maxInstances, port, protocol },
    };
    const service = { id: id('svc'), name };
    const place = { schemaVersion: 1 as const, clusterId, organizationId, projectId };
    return { ...place, service, generation: 1, epoch: 1, revisions: [revision] };
  });
  return { clusterId, targets };
}

export const settingsOf = (clusterId: Id<'cls'>): ManifestSettings => ({
  clusterId,
  // every image here is somebody else's
  builtImage: () => '',
  ...{ cpuRequestPercent: 100, memoryRequestPercent: 100 },
  ...{ windowSeconds: 60, startTimeoutSeconds: 60, placeTimeoutSeconds: 240, runtimeClasses: {} },
});

export const factsOf = ({
  clusterId,
  organizationId,
  projectId,
}: Target): Omit<ProjectFacts, 'gpuResources'> => ({
  ...{ clusterId, organizationId, projectId, limits: LIMITS },
  pull: { server: 'registry.test', username: 'towpath', password: 'only-for-a-bench' },
  egress: { open: [], closed: [] },
});

/** One write of the API server. */
export interface Write {
  kind: Kind;
  object: KubeObject;
  manager: FieldManager;
}

/** What brings all of it into an empty cluster, in groups of which each needs the one before. */
export function writesOf({ targets, clusterId }: Synced): Write[][] {
  const firsts = [...new Map(targets.map((target) => [target.projectId, target])).values()];
  const project = firsts.flatMap((target) => projectManifests({ ...factsOf(target), gpuResources: [] }, []));
  const writeOf = (object: KubeObject): Write => {
    const kind = Object.values(KINDS).find(
      (one) => one.kind === object.kind && one.apiVersion === object.apiVersion,
    );
    if (kind === undefined) throw new Error(`${object.kind} is no known kind`);
    return { kind, object, manager: 'towpath-bench' };
  };
  const services = targets.map((target) => {
    const plan = planService(target, { service: undefined, revisions: [] }, settingsOf(clusterId));
    if (plan === undefined) throw new Error('a service without an object');
    return plan.manifest;
  });
  const [namespaces, others] = [
    project.filter(({ kind }) => kind === 'Namespace'),
    project.filter(({ kind }) => kind !== 'Namespace'),
  ];
  return [namespaces, others, services].map((group) => group.map(writeOf));
}

export const namespacesOf = ({ targets }: Synced): string[] => [
  ...new Set(targets.map(({ projectId }) => namespaceOf(projectId))),
];

export const ownerLabel = ({ clusterId }: Synced): string => `${LABELS.owner}=${kubernetesName(clusterId)}`;
