import {
  SERVING_CONTAINER,
  kubernetesName,
  pinnedImage,
  revisionTag,
  type Digest,
  type Id,
  type RuntimeTier,
  type Target,
  type TargetRevision,
} from '#libs/domain';
import type { KubeObject } from '#libs/kube';
import { environmentOf, limitsAndRequests, probesOf, volumesOf } from './container.manifest.js';
import { gpuLabels, gpuLimits, gpuPlace } from './gpu.manifest.js';
import { isolationOf, securityContextOf, type Isolation } from './isolation.manifest.js';
import { placeSeconds, startSeconds } from './start.deadline.js';
import { LABELS, environmentSecretOf, namespaceOf, pullSecretOf } from './knative.names.js';
import { sidecarContainers, sidecarVolumes } from './sidecar.manifest.js';

/** What a translation needs to know of the cluster and of the operator's choices. */
export interface ManifestSettings {
  clusterId: Id<'cls'>;
  /** The image that a build made, as kubelets of this cluster pull it. */
  builtImage: (projectId: Id<'prj'>, organizationId: Id<'org'>, digest: Digest) => string;
  /** How much of an instance's limit the scheduler reserves, percent; less packs more and shares the rest. */
  cpuRequestPercent: number;
  memoryRequestPercent: number;
  /** Knative's stable window, seconds, from 6. */
  windowSeconds: number;
  /** How long an instance may take from the start of its container until it is ready, without a startup probe. */
  startTimeoutSeconds: number;
  /** How long it may wait for a node and for its image before. */
  placeTimeoutSeconds: number;
  /** The RuntimeClass that instances of a tier run under; absent: the cluster's own runtime. */
  runtimeClasses: Partial<Record<RuntimeTier, string>>;
}

/** Whether the cluster has no class for the tier of the revision: it must not run under another one. */
export function lacksSandbox({ runtimeTier }: TargetRevision, { runtimeClasses }: ManifestSettings): boolean {
  return runtimeTier === 'sandboxed' && runtimeClasses.sandboxed === undefined;
}

/** The knobs of `autoscaling.knative.dev` that Towpath sets, per revision. */
export function autoscalingAnnotations(
  revision: TargetRevision,
  { windowSeconds }: ManifestSettings,
): Record<string, string> {
  const prefix = 'autoscaling.knative.dev';
  return {
    [`${prefix}/max-scale`]: String(revision.maxInstances),
    [`${prefix}/target`]: String(revision.concurrency),
    [`${prefix}/window`]: `${windowSeconds}s`,
    // The activator on the path halves the throughput (measured): it stays on it only where one request too many
    // would wait at a busy instance although another is free.
    [`${prefix}/target-burst-capacity`]: revision.concurrency === 1 ? '-1' : '0',
  };
}

/**
 * The Knative Service whose template is `newest`, and whose traffic is pinned to revisions that are Ready.
 * @param isolation what it was made with, when it was
 */
export function serviceManifest(
  target: Target,
  newest: TargetRevision,
  traffic: readonly KnativeTraffic[],
  settings: ManifestSettings,
  isolation: Isolation = isolationOf(newest, settings),
): KubeObject {
  const { service, organizationId, projectId } = target;
  const labels = {
    [LABELS.owner]: kubernetesName(settings.clusterId),
    [LABELS.organization]: kubernetesName(organizationId),
    [LABELS.project]: kubernetesName(projectId),
    [LABELS.service]: kubernetesName(service.id),
  };
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: service.name, namespace: namespaceOf(projectId), labels },
    spec: {
      template: {
        metadata: {
          name: newest.name,
          labels: { ...labels, [LABELS.revision]: kubernetesName(newest.id), ...gpuLabels(newest) },
          annotations: {
            ...autoscalingAnnotations(newest, settings),
            'serving.knative.dev/no-gc': 'true',
            'serving.knative.dev/progress-deadline': `${placeSeconds(newest, settings) + startSeconds(newest, settings)}s`,
          },
        },
        spec: podSpec(target, newest, settings, isolation),
      },
      traffic,
    },
  };
}

/** A line of `spec.traffic` as Knative takes it. */
export type KnativeTraffic =
  | { latestRevision: true; percent: 100 }
  | { latestRevision: false; revisionName: string; percent: number; tag: string };

/**
 * Every Ready revision keeps a tag, so that gateways choose among them without a change in the cluster; the percentage
 * is no more than Knative's wish for a sum of 100. Before any revision is Ready the newest is followed.
 */
export function trafficOf(service: string, ready: readonly TargetRevision[]): KnativeTraffic[] {
  const last = ready.at(-1);
  if (last === undefined) return [{ latestRevision: true, percent: 100 }];
  return ready.map((revision) => ({
    latestRevision: false,
    revisionName: revision.name,
    percent: revision === last ? 100 : 0,
    tag: revisionTag(revision.name, service),
  }));
}

function podSpec(
  target: Target,
  revision: TargetRevision,
  settings: ManifestSettings,
  isolation: Isolation,
): Record<string, unknown> {
  const { limits, requests } = limitsAndRequests(revision.resources, settings);
  const { volumes: own, mounts } = volumesOf(revision);
  const volumes = [...own, ...sidecarVolumes(revision)];
  const pulls = pullSecretsOf(revision);
  const { runtimeClass } = isolation;
  const securityContext = securityContextOf(isolation);
  return {
    containerConcurrency: revision.concurrency,
    timeoutSeconds: revision.timeoutSeconds,
    responseStartTimeoutSeconds: revision.timeoutSeconds,
    ...(runtimeClass === undefined ? {} : { runtimeClassName: runtimeClass }),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...(pulls.length === 0 ? {} : { imagePullSecrets: pulls.map((name) => ({ name })) }),
    ...(volumes.length === 0 ? {} : { volumes }),
    ...gpuPlace(revision),
    containers: [
      {
        name: SERVING_CONTAINER,
        image: imageOf(target, revision, settings),
        ...(revision.command === undefined ? {} : { command: revision.command }),
        ...(revision.args === undefined ? {} : { args: revision.args }),
        ports: [{ name: revision.protocol === 'h2c' ? 'h2c' : 'http1', containerPort: revision.port }],
        env: environmentOf(revision.env, environmentSecretOf(revision.id)),
        resources: { limits: { ...limits, ...gpuLimits(revision) }, requests },
        // The list of containers is one value to server-side apply, so what Knative would fill in is said here.
        ...probesOf(revision),
        ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
        securityContext,
      },
      ...sidecarContainers(revision, settings, securityContext),
    ],
  };
}

/** Kubernetes tries all of them at every image of their registry. */
function pullSecretsOf({ id, pullSecret, sidecars = [] }: TargetRevision): string[] {
  return [
    ...(pullSecret === undefined ? [] : [pullSecretOf(id)]),
    ...sidecars.flatMap((sidecar) =>
      sidecar.pullSecret === undefined ? [] : [pullSecretOf(id, sidecar.name)],
    ),
  ];
}

function imageOf(
  { projectId, organizationId }: Target,
  { image, imageDigest }: TargetRevision,
  settings: ManifestSettings,
): string {
  return image === undefined
    ? settings.builtImage(projectId, organizationId, imageDigest)
    : pinnedImage(image, imageDigest);
}
