import { TowpathError, type TargetRevision } from '#libs/domain';
import { KubeError } from '#libs/kube';
import {
  conditionOf,
  containersOf,
  isObserved,
  isSidecar,
  type KnativeCondition,
  type KnativeRevision,
  type Pod,
} from './knative.types.js';
import { ContestedError } from './contested.js';
import { crashOf, type LinesOf } from './crash.readiness.js';
import { lacksGpuNodes, type GpuState } from './gpu.manifest.js';
import { gpuWait } from './gpu.readiness.js';
import { givenBack } from './gpu.release.js';
import {
  ADMISSION_REFUSED,
  BEING_MADE,
  START_TIMEOUT,
  failed,
  lateOf,
  toldOf,
  waiting,
  type Readiness,
} from './readiness.rules.js';

/**
 * Translates what Knative and the pods of a revision say into one condition with cause and next step.
 * @param lines the last lines of a container of the newest instance, for a crash; undefined while they are not read yet
 * @param before what the start waited for: nothing of it is left after its deadline
 * @param gpus of its class, in the cluster
 */
export function readinessOf(
  revision: TargetRevision,
  seen: KnativeRevision | undefined,
  pods: readonly Pod[],
  lines: LinesOf,
  before?: string,
  gpus: GpuState = { waiting: 0 },
): Readiness {
  if (seen === undefined && lacksGpuNodes(revision)) return untold(revision);
  if (seen === undefined || !isObserved(seen))
    return waiting('Starting', 'The cluster has not taken the revision yet.');
  const ready = conditionOf(seen.status?.conditions, 'Ready');
  if (ready?.status === 'True') return READY;
  return (
    endOf(revision, seen, pods, lines) ??
    gpuWait(revision, ready, gpus) ??
    delayOf(revision, ready, pods, before)
  );
}

/** Why it comes to nothing any more, or crashed. */
const endOf = (
  revision: TargetRevision,
  seen: KnativeRevision,
  pods: readonly Pod[],
  lines: LinesOf,
): Readiness | undefined => givenBack(seen) ?? crashOf(revision, pods, lines);

/**
 * The reason for which a start waits, kept while Knative says nothing better: at its deadline it takes the instances
 * away first and tells afterwards. Forgotten when its containers have run: what comes then is another reason.
 */
export function waitedFor(
  { status, reason }: Readiness,
  pods: readonly Pod[],
  before: string | undefined,
): string | undefined {
  if (status === 'true' || pods.some(hasRun)) return undefined;
  return lateOf(reason) === undefined ? before : reason;
}

const hasRun = (pod: Pod): boolean => {
  const containers = containersOf(pod);
  return (
    containers.length > 0 &&
    containers.every(
      ({ state, lastState }) => (state?.running ?? state?.terminated ?? lastState?.terminated) !== undefined,
    )
  );
};

const READY: Readiness = {
  type: 'Ready',
  status: 'true',
  reason: 'Ready',
  message: 'An instance was started and opened its port.',
};

const untold = ({ resources: { gpuClass } }: TargetRevision): Readiness =>
  waiting('NoGpuNode', `The cluster is not told yet where GPUs of class ${gpuClass} are; it waits for that.`);

/** Why nothing serves although nothing crashed. */
function delayOf(
  revision: TargetRevision,
  ready: KnativeCondition | undefined,
  pods: readonly Pod[],
  before: string | undefined,
): Readiness {
  const told = toldOf(textOf(ready), revision);
  const stuck = stuckOf(revision, pods);
  const late = told?.reason === START_TIMEOUT ? (lateOf(before) ?? told) : told;
  // Knative repeats the first word of a container, also when that has said more since.
  const cause = told?.status === 'false' && told.reason !== START_TIMEOUT ? told : (stuck ?? late);
  if (cause !== undefined) return cause;
  if (ready?.status !== 'False') return waiting('Starting', 'The first instance is being started.');
  return failed(
    'StartFailed',
    'The cluster could not start the revision.',
    'Deploy it again; when that ends the same, ask the operator of this installation.',
  );
}

/** Why the cluster cannot be given what a revision needs; undefined: for no reason that a customer could know. */
export function obstacleOf(error: unknown, revision: TargetRevision): Readiness | undefined {
  if (error instanceof TowpathError) {
    const { code, message, nextStep } = error;
    if (code === 'UNAVAILABLE') return waiting('RegistryUnreachable', message);
    return failed('StartFailed', message, nextStep ?? 'Ask the operator of this installation.');
  }
  if (error instanceof ContestedError) return failed(error.reason, error.message, error.nextStep);
  const isRefusal = error instanceof KubeError && REFUSALS.includes(error.status);
  return isRefusal ? (toldOf(`Refused: ${error.message}`, revision) ?? ADMISSION_REFUSED) : undefined;
}

/** The API server's: not valid, not allowed, not to be processed. */
const REFUSALS = [400, 403, 422];

const textOf = (of: { reason?: string; message?: string } | undefined): string =>
  `${of?.reason ?? ''}: ${of?.message ?? ''}`;

/** What a container waits for: known to its pod at once, to Knative only after the deadline. */
function stuckOf(revision: TargetRevision, pods: readonly Pod[]): Readiness | undefined {
  return pods
    .flatMap(containersOf)
    .map(({ name, state }) => {
      const text = textOf(state?.waiting);
      const told = BEING_MADE.test(text) ? undefined : toldOf(text, revision);
      return told && ofContainer(told, name);
    })
    .find((told) => told !== undefined);
}

/** A sidecar is named. */
function ofContainer(told: Readiness, container: string): Readiness {
  return isSidecar(container) ? { ...told, message: `Sidecar ${container}: ${told.message}` } : told;
}
