import { join } from 'node:path';
import { PeerCertificate, type Membership, type PeerIdentity } from '#libs/bus';
import {
  BOUNDS,
  BUILDER,
  CONTAINERS,
  GPUS,
  SANDBOXED,
  SIDECARS,
  SIDECAR_FILES,
  type Id,
  type PeerSide,
} from '#libs/domain';
import { KubeClient, KubeConnection } from '#libs/kube';
import type { ProcessParts } from '#libs/process';
import type { FolderBlobs } from '#libs/store';
import type { AgentConfig } from '../../agent.config.js';
import { PublishedImages, repositoryOf } from '../../images/published.images.js';
import { Registry } from '../../images/registry.js';
import type { Runtime } from '../runtime.js';
import { ClusterDoor } from './cluster.door.js';
import { KnativeDriver } from './knative.driver.js';
import { baseImageOf, egressOf, registrySettings } from './knative.settings.js';
import type { ProjectLimits } from './project.manifests.js';
import type { OnDrift } from './service.applier.js';
import type { ManifestSettings } from './service.manifest.js';

/** Where Kourier listens for what comes from outside, inside the cluster. */
const INGRESS = { host: 'kourier.kourier-system.svc.cluster.local', port: 80 };

/** Revisions as Knative revisions of the cluster that the kubeconfig, or the pod's own account, names. */
export async function knativeRuntime(
  config: AgentConfig,
  parts: ProcessParts,
  blobs: FolderBlobs,
  membership: Joined,
): Promise<Runtime> {
  const registry = registrySettings(config);
  const client = new KubeClient(await KubeConnection.open(config.TOWPATH_KUBECONFIG));
  const images = new PublishedImages(new Registry(registry), blobs, baseImageOf(config.TOWPATH_BASE_IMAGE));
  const server = new URL(registry.url).host;
  const { username, password } = registry;
  const clusterId = membership.id;
  const runtimeClasses = runtimeClassesOf(config);
  const limits = projectLimits(config.TOWPATH_PROJECT_PODS, config.TOWPATH_PROJECT_GPUS);
  const egress = egressOf(config);
  const pull = username === undefined || password === undefined ? undefined : { server, username, password };
  const onDrift = driftsOf(parts);
  const driver = new KnativeDriver({
    clusterId,
    client,
    door: clusterDoor(config, { ...parts, onDrift }, membership, client),
    images,
    manifests: {
      clusterId,
      builtImage: (projectId, organizationId, digest) =>
        `${server}/${repositoryOf(organizationId, projectId)}@${digest}`,
      cpuRequestPercent: config.TOWPATH_CPU_REQUEST_PERCENT,
      memoryRequestPercent: config.TOWPATH_MEMORY_REQUEST_PERCENT,
      windowSeconds: config.TOWPATH_SCALE_WINDOW_SECONDS,
      startTimeoutSeconds: config.TOWPATH_START_TIMEOUT_SECONDS,
      placeTimeoutSeconds: config.TOWPATH_PLACE_TIMEOUT_SECONDS,
      runtimeClasses,
    },
    projectOf: ({ organizationId, projectId }) => ({
      ...{ clusterId, organizationId, projectId },
      ...{ limits, pull, egress },
    }),
    onDrift,
    clock: parts.clock,
    logger: parts.logger,
  });
  return {
    driver,
    buildOutput: { base: () => images.baseImage(), finish: () => Promise.resolve() },
    sweepImages: () => Promise.resolve(),
    // Builds run beside the agent and isolate nothing.
    capabilities: () => [
      ...[CONTAINERS, SIDECARS, SIDECAR_FILES, GPUS],
      ...(driver.hasSandbox() ? [SANDBOXED] : []),
      ...(config.NODE_ENV === 'production' ? [] : [BUILDER]),
    ],
  };
}

/** Counts and tells what somebody else changed or deleted of what is ours. */
function driftsOf({ metrics, logger }: ProcessParts): OnDrift {
  const drifts = metrics.counter(
    'towpath_agent_drift_total',
    'objects in the cluster that somebody else changed or deleted, applied again',
    ['kind'],
  );
  return (kind, name, difference) => {
    drifts.inc({ kind });
    logger.warn({ kind, name, difference }, 'somebody else changed it: it is applied again');
  };
}

function runtimeClassesOf({
  TOWPATH_RUNTIME_CLASS: standard,
  TOWPATH_SANDBOX_RUNTIME_CLASS: sandboxed,
}: AgentConfig): ManifestSettings['runtimeClasses'] {
  return {
    ...(standard === undefined ? {} : { standard }),
    ...(sandboxed === undefined ? {} : { sandboxed }),
  };
}

type Joined = Membership & { id: Id<'cls'> };

function clusterDoor(
  config: AgentConfig,
  { clock, logger, onDrift }: ProcessParts & { onDrift: OnDrift },
  membership: Joined,
  client: KubeClient,
): ClusterDoor {
  const certificate = (side: PeerSide, onChange: (identity: PeerIdentity) => void): PeerCertificate =>
    new PeerCertificate({
      id: membership.id,
      side,
      folder: join(config.TOWPATH_DATA_DIR, 'peer', side),
      url: config.TOWPATH_JOIN_URL,
      renewalToken: () => membership.renewalToken,
      onChange,
      clock,
      logger,
    });
  const door: ClusterDoor = new ClusterDoor({
    client,
    clusterId: membership.id,
    settings: { image: config.TOWPATH_DOOR_IMAGE, ingress: INGRESS },
    onDrift,
    clock,
    logger,
    own: certificate('door', (identity) => {
      door
        .show(identity)
        .catch((error: unknown) => logger.warn({ err: error }, 'the door has no new certificate'));
    }),
    knocking: certificate('gateway', (identity) => door.dress(identity)),
  });
  return door;
}

/** A project's share: as much as its pods may have at most, so that the number of pods is what counts. */
function projectLimits(pods: number, gpus: number): ProjectLimits {
  const { cpuMillis, memoryMiB } = BOUNDS;
  return { pods, cpuMillis: pods * cpuMillis.maximum, memoryMiB: pods * memoryMiB.maximum, gpus };
}
