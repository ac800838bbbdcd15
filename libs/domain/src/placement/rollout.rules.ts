import type { Condition } from '../condition.js';
import { LATEST } from '../service/service.names.js';
import type { TrafficTarget } from '../service/service.types.js';
import type { SplitLine } from './placement.types.js';
import { ROUTE_COMING, STARTING } from './readiness.rules.js';

/** The reason of a start for which all GPUs of its class are taken, and nothing else is known to be. */
export const GPUS_TAKEN = 'GpusTaken';
/** The reason of a start for which nodes with GPUs of its class lack GPUs, and CPU, memory or the like as well. */
export const GPU_NODES_FULL = 'GpuNodesFull';
/** The reason of a start that needs more GPUs than any node of its class has: nobody can give way to it. */
export const GPU_NODES_SMALL = 'GpuNodesSmall';

/** For so long from the wish on others give way in vain: what they let go of may be taken by a third. */
export const GIVE_WAY_MS = 10 * 60_000;

/** A cluster that is to run the newest revision. */
export interface RolloutPlace {
  /** Its agent works and answers: what it said last is true now. */
  isUsable: boolean;
  /** What it says of the newest one. */
  ready: Condition | undefined;
  /** How many instances of each revision run there, by its name. */
  instances: ReadonlyMap<string, number>;
}

export interface RollingRevision {
  name: string;
  /** Of an instance with all its containers. */
  cpuMillis: number;
  memoryMiB: number;
  gpus?: number;
  gpuClass?: string;
}

export interface RolloutQuestion {
  newest: RollingRevision;
  others: readonly RollingRevision[];
  places: readonly RolloutPlace[];
  /** What the customer asked for. */
  traffic: readonly TrafficTarget[];
  inForce: readonly SplitLine[];
  /** Others gave way to this newest one before. */
  isReplacing: boolean;
  /** Others were to give way to it, and it was wished for GIVE_WAY_MS ago or longer. */
  isLate: boolean;
}

/** Revisions that hold what the newest one waits for, and whether their giving way can help. */
export interface Rollout {
  inTheWay: string[];
  canGiveWay: boolean;
}

/**
 * Who is in the way of the newest revision: whose place it is to take, with GPUs of its class. They give way only where that is
 * sure to let it start: in each of its clusters it waits for GPUs, and they hold enough of them. They stay away while it
 * starts, and come back when it fails anywhere, or when it is late and is not known to start everywhere: a third has taken
 * what they let go of, something else lacks, or nobody answers.
 */
export function rolloutOf(question: RolloutQuestion): Rollout {
  const { newest, places, isReplacing, isLate } = question;
  const names = replaced(question);
  if (names.length === 0 || places.length === 0) return NOBODY;
  if (isReplacing) {
    const hasFailed = places.some(({ ready }) => ready?.status === 'false');
    return { inTheWay: names, canGiveWay: !hasFailed && (!isLate || places.every(isStarting)) };
  }
  if (!places.every(({ ready }) => WAITS.includes(ready?.reason))) return NOBODY;
  const held = places.map((place) => heldBy(question, names, place));
  const isEnough =
    held.every((gpus) => gpus >= (newest.gpus ?? 0)) &&
    places.every((place) => place.ready?.reason === GPUS_TAKEN || isRoomMade(question, names, place));
  return isLate || held.some((gpus) => gpus > 0)
    ? { inTheWay: names, canGiveWay: isEnough && !isLate }
    : NOBODY;
}

const NOBODY: Rollout = { inTheWay: [], canGiveWay: false };
const WAITS: readonly unknown[] = [GPUS_TAKEN, GPU_NODES_FULL];

/** Its start runs, or is over: nothing is waited for but time. */
const isStarting = ({ isUsable, ready }: RolloutPlace): boolean =>
  isUsable && (ready?.status === 'true' || ready?.reason === STARTING || ready?.reason === ROUTE_COMING);

/** Those that serve and will no more once the newest does. */
function replaced({ newest, others, traffic, inForce }: RolloutQuestion): string[] {
  const asked = traffic
    .filter(({ percent }) => percent > 0)
    .map(({ revision }) => (revision === LATEST ? newest.name : revision));
  if (newest.gpuClass === undefined || !asked.includes(newest.name)) return [];
  const served = inForce.filter(({ percent }) => percent > 0).map(({ revision }) => revision);
  return others
    .filter(({ name, gpuClass }) => gpuClass === newest.gpuClass && served.includes(name))
    .map(({ name }) => name)
    .filter((name) => !asked.includes(name));
}

function heldBy({ others }: RolloutQuestion, names: readonly string[], { instances }: RolloutPlace): number {
  return others
    .filter(({ name }) => names.includes(name))
    .reduce((sum, { name, gpus = 0 }) => sum + gpus * (instances.get(name) ?? 0), 0);
}

/** The newest one fits where an instance was that is at least as large in all. */
function isRoomMade(
  { newest, others }: RolloutQuestion,
  names: readonly string[],
  place: RolloutPlace,
): boolean {
  return others.some(
    ({ name, cpuMillis, memoryMiB, gpus = 0 }) =>
      names.includes(name) &&
      (place.instances.get(name) ?? 0) > 0 &&
      gpus >= (newest.gpus ?? 0) &&
      cpuMillis >= newest.cpuMillis &&
      memoryMiB >= newest.memoryMiB,
  );
}
