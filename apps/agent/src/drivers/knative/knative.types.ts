import { SERVING_CONTAINER } from '#libs/domain';
import type { KubeObject } from '#libs/kube';

/** A condition as Knative and Kubernetes write it. */
export interface KnativeCondition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  /** In whole seconds, rounded down. */
  lastTransitionTime?: string;
}

interface PodTemplate {
  runtimeClassName?: string;
  containers?: { securityContext?: { runAsNonRoot?: boolean } }[];
}

/** The parts of a Knative Service that the driver reads. */
export interface KnativeService extends KubeObject {
  spec: {
    template: { metadata: { name?: string }; spec?: PodTemplate };
    traffic?: { revisionName?: string; latestRevision?: boolean; percent?: number; tag?: string }[];
  };
  status?: {
    observedGeneration?: number;
    latestCreatedRevisionName?: string;
    latestReadyRevisionName?: string;
    conditions?: KnativeCondition[];
    traffic?: { revisionName?: string; tag?: string }[];
  };
}

/** The parts of a Knative Revision that the driver reads. */
export interface KnativeRevision extends KubeObject {
  status?: {
    observedGeneration?: number;
    conditions?: KnativeCondition[];
    actualReplicas?: number;
  };
}

/** What a container does now; one of the three. */
export interface ContainerState {
  waiting?: { reason?: string; message?: string };
  running?: { startedAt?: string };
  terminated?: Ended;
}

/** How a container ended. */
export interface Ended {
  exitCode: number;
  reason?: string;
  message?: string;
}

export interface ContainerStatus {
  name: string;
  ready: boolean;
  restartCount: number;
  state?: ContainerState;
  lastState?: ContainerState;
}

/** The parts of a Pod that the driver reads. */
export interface Pod extends KubeObject {
  spec?: {
    nodeName?: string;
    containers?: { name: string; readinessProbe?: { periodSeconds?: number } }[];
  };
  status?: {
    phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
    startTime?: string;
    conditions?: KnativeCondition[];
    containerStatuses?: ContainerStatus[];
  };
}

/** From how many restarts on an instance is in a crash loop. */
export const LOOP = 3;

/** Not on its way out, and not ended by its node: what became of such a one is no word about its program. */
export const isStanding = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && !ENDED.includes(status?.phase);
const ENDED: readonly (string | undefined)[] = ['Succeeded', 'Failed'];

/** Knative's own container, in every instance. */
const QUEUE_PROXY = 'queue-proxy';

/** What is known of the customer's containers, of the serving one first. */
export function containersOf({ status }: Pod): ContainerStatus[] {
  const own = (status?.containerStatuses ?? []).filter(({ name }) => name !== QUEUE_PROXY);
  return own.sort((one, other) => Number(isSidecar(one.name)) - Number(isSidecar(other.name)));
}

export const isSidecar = (container: string): boolean => container !== SERVING_CONTAINER;

export const conditionOf = (
  conditions: readonly KnativeCondition[] | undefined,
  type: string,
): KnativeCondition | undefined => conditions?.find((one) => one.type === type);

/** Knative's rule for every kind: the status speaks of this generation. */
export function isObserved({
  metadata,
  status,
}: {
  metadata: { generation?: number };
  status?: { observedGeneration?: number };
}): boolean {
  return status?.observedGeneration === metadata.generation;
}
