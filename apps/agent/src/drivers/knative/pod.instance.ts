import type { InstanceState } from '../driver.js';
import { LABELS, idOf } from './knative.names.js';
import { containersOf, type KnativeCondition, type Pod } from './knative.types.js';

/** A pod that has ended may be kept by the cluster for long. */
const OVER: readonly (string | undefined)[] = ['Succeeded', 'Failed'];

const saysReady = ({ type, status }: KnativeCondition): boolean => type === 'Ready' && status === 'True';
const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && status?.conditions?.some(saysReady) === true;

/** The instance that a pod is, from when its node took it; undefined before that, after its end, and for a pod that is none. */
export function instanceOf(pod: Pod): InstanceState | undefined {
  const { metadata, status } = pod;
  const { labels = {}, uid } = metadata;
  const serviceId = idOf('svc', labels[LABELS.service]);
  const revisionId = idOf('rev', labels[LABELS.revision]);
  const startedAt = Date.parse(status?.startTime ?? '');
  if (serviceId === undefined || revisionId === undefined || uid === undefined) return undefined;
  if (Number.isNaN(startedAt) || OVER.includes(status?.phase)) return undefined;
  const revision = labels['serving.knative.dev/revision'] ?? '';
  return { serviceId, revisionId, revision, uid, startedAt, isReady: isReady(pod) };
}

/** An instance that starts or serves; one that is on its way out counts no more. */
export function isLive(pod: Pod): boolean {
  const [serving] = containersOf(pod);
  return pod.metadata.deletionTimestamp === undefined && serving?.state?.running !== undefined;
}
