import type { InstanceState } from '../driver.js';
import { LABELS, idOf } from './knative.names.js';
import { conditionOf, containersOf, type Pod } from './knative.types.js';

/** A pod that has ended may be kept by the cluster for long. */
const OVER: readonly (string | undefined)[] = ['Succeeded', 'Failed'];

/** Kubernetes' own. */
const PROBE_SECONDS = 10;

/** The time that an object names, UTC ms; undefined when it names none. */
function timeOf(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? undefined : at;
}

/** The longest of its probes, ms. */
function probePeriod({ spec }: Pod): number {
  const probes = (spec?.containers ?? []).flatMap(({ readinessProbe }) => readinessProbe ?? []);
  return Math.max(0, ...probes.map(({ periodSeconds = PROBE_SECONDS }) => periodSeconds * 1_000));
}

/**
 * Knative lets requests through as soon as its own probe is answered, the node says so one period of its probes later at
 * most; the earliest of that is taken, but none before the program was started.
 */
function readyAt(pod: Pod, startedAt: number): { readyAt?: number } {
  if (!isServing(pod)) return {};
  const ready = conditionOf(pod.status?.conditions, 'Ready');
  const begunAt = timeOf(containersOf(pod)[0]?.state?.running?.startedAt) ?? startedAt;
  const saidAt = timeOf(ready?.lastTransitionTime) ?? begunAt;
  return { readyAt: Math.max(begunAt, saidAt - probePeriod(pod)) };
}

/** The instance that a pod is, from when its node took it; undefined before that, after its end, and for a pod that is none. */
export function instanceOf(pod: Pod): InstanceState | undefined {
  const { metadata, status } = pod;
  const { labels = {}, uid } = metadata;
  const serviceId = idOf('svc', labels[LABELS.service]);
  const revisionId = idOf('rev', labels[LABELS.revision]);
  const startedAt = timeOf(status?.startTime);
  if (serviceId === undefined || revisionId === undefined || uid === undefined) return undefined;
  if (startedAt === undefined || OVER.includes(status?.phase)) return undefined;
  const revision = labels['serving.knative.dev/revision'] ?? '';
  return { serviceId, revisionId, revision, uid, startedAt, ...readyAt(pod, startedAt) };
}

/** An instance that starts or serves; one that is on its way out counts no more. */
export function isLive(pod: Pod): boolean {
  const [serving] = containersOf(pod);
  return pod.metadata.deletionTimestamp === undefined && serving?.state?.running !== undefined;
}

/** An instance that requests are sent to. */
export function isServing({ metadata, status }: Pod): boolean {
  return (
    metadata.deletionTimestamp === undefined && conditionOf(status?.conditions, 'Ready')?.status === 'True'
  );
}
