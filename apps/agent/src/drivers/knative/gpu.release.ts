import type { Condition, TargetRevision } from '#libs/domain';
import {
  LOOP,
  conditionOf,
  containersOf,
  isStanding,
  type KnativeRevision,
  type Pod,
} from './knative.types.js';
import { failed, type Readiness } from './readiness.rules.js';

/** Annotation of a Revision with GPUs whose start failed for good: what was told of it then, `reason`, `message`, `nextStep`. */
const GIVEN_BACK = 'towpath.dev/given-back';
/** Knative scales a start to zero that takes longer, and starts it no more. */
const DEADLINE = 'serving.knative.dev/progress-deadline';
/** A Revision's first instance is made at once; none is made again, after a scale to zero, within that time. */
const FIRST_MS = 30_000;
/** Annotations have an end, and programs say a lot. */
const MESSAGE_CHARACTERS = 4000;
/** What a kubelet may take from taking an instance to its first word about it. */
const FIRST_WORD_MS = 10_000;

/** How the start of a revision with GPUs goes. */
export interface GpuStart {
  /** It was answered through the door, or is routed in the cluster: it served. */
  hasServed: boolean;
  /** It took longer than a start may take. */
  isLate: boolean;
  told: Condition;
  pods: readonly Pod[];
}

/**
 * What is to be noted on a Revision that holds GPUs and failed at its start for good; undefined: nothing. Knative waits for the start of
 * one for weeks, since somebody else may hold its GPUs: it is ended here, or its GPUs were nobody's for as long. A note is
 * a change of the instances' template to Knative, so nothing is noted on what serves or served.
 */
export function gpuNote(
  { resources: { gpus } }: TargetRevision,
  there: KnativeRevision | undefined,
  start: GpuStart,
): Record<string, string> | undefined {
  if (gpus === undefined || there === undefined || start.hasServed || !isForGood(start)) return undefined;
  if (GIVEN_BACK in (there.metadata.annotations ?? {})) return undefined;
  const first = start.pods.filter(isStanding).filter((pod) => isFirst(pod, there));
  if (!first.some(wasNeverReady)) return undefined;
  const { reason, message, nextStep = '' } = start.told;
  const note = { reason, message: message.slice(0, MESSAGE_CHARACTERS), nextStep };
  return { [DEADLINE]: '1s', [GIVEN_BACK]: JSON.stringify(note) };
}

/** What fails once may go well the next time: a driver of a new node, a secret that is not there yet, another program. */
function isForGood({ told, isLate, pods }: GpuStart): boolean {
  return told.status === 'false' && (isLate || pods.filter(isStanding).some(isLoop));
}

const isLoop = (pod: Pod): boolean => containersOf(pod).some(({ restartCount }) => restartCount >= LOOP);

function isFirst({ metadata }: Pod, there: KnativeRevision): boolean {
  const [made, since] = [metadata.creationTimestamp, there.metadata.creationTimestamp].map((at = '') =>
    Date.parse(at),
  );
  return made !== undefined && since !== undefined && made - since < FIRST_MS;
}

/** On a node, and its condition is still what it was when the node took it. */
function wasNeverReady({ status }: Pod): boolean {
  const ready = conditionOf(status?.conditions, 'Ready');
  const turned = Date.parse(ready?.lastTransitionTime ?? '') - Date.parse(status?.startTime ?? '');
  return ready?.status === 'False' && turned < FIRST_WORD_MS;
}

/** What was told of a start whose GPUs were given back: Knative itself knows only that it took too long. */
export function givenBack(there: KnativeRevision): Readiness | undefined {
  const noted = there.metadata.annotations?.[GIVEN_BACK];
  if (noted === undefined) return undefined;
  const [reason = 'StartFailed', message = 'It did not start.', nextStep = 'Deploy it again.'] =
    textsOf(noted);
  return failed(reason, `${message}\nIts GPUs were given back.`, nextStep);
}

/** Whoever may write to the cluster may have written it. */
function textsOf(noted: string): (string | undefined)[] {
  try {
    const { reason, message, nextStep } = Object(JSON.parse(noted)) as Record<string, unknown>;
    return [reason, message, nextStep].map((one) => (typeof one === 'string' ? one : undefined));
  } catch {
    return [];
  }
}
