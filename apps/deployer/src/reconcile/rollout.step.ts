import { GIVE_WAY_MS, instanceResources, isUsable, reported, rolloutOf } from '#libs/domain';
import type { RollingRevision, RolloutPlace } from '#libs/domain';
import type { RevisionRecord, TargetRecord } from '#libs/store';
import type { Draft } from './draft.js';
import { readyOf } from './ready.step.js';

/**
 * Where the newest revision waits for GPUs that those hold whose place it takes: says so, and with `replace` lets these give
 * way. They come back when it does not start.
 */
export function rolloutStep(draft: Draft): void {
  const { service, revisions, now } = draft;
  const newest = revisions.at(-1);
  if (newest === undefined || readyOf(newest)?.status !== 'unknown') return;
  const isReplace = service.rollout === 'replace';
  const ends = Math.max(service.updatedAt, newest.createdAt) + GIVE_WAY_MS;
  const { inTheWay, canGiveWay } = rolloutOf({
    newest: rolling(newest),
    others: revisions.slice(0, -1).map(rolling),
    places: placesOf(draft, newest.name),
    traffic: service.traffic,
    inForce: draft.split,
    isReplacing: isReplace && isReplacing(draft, newest),
    isLate: isReplace && now >= ends,
  });
  if (inTheWay.length === 0) return;
  if (!isReplace || !canGiveWay) return draft.say('RevisionStarting', waitOf(newest, inTheWay, isReplace));
  if (ends > now) draft.wakeIn(ends - now);
  draft.giving = inTheWay;
  const { message } = waitOf(newest, inTheWay, true);
  draft.say('RevisionReplaces', {
    message: `${message} That gives way (rollout: replace): requests are answered 503 until the new one is ready.`,
  });
}

function waitOf(
  newest: RevisionRecord,
  inTheWay: readonly string[],
  isReplace: boolean,
): { message: string; nextStep: string } {
  const other = isReplace
    ? 'giving way did not help or would not be enough: ask for less, or deploy again when others come free'
    : 'or let it take their place: tow services update --rollout replace';
  return {
    message: `${readyOf(newest)?.message ?? ''} It is to take the place of ${inTheWay.join(', ')}.`,
    nextStep: `Wait until others come free; ${other}.`,
  };
}

/** What was decided for this newest one lasts until it starts, or does not. */
function isReplacing({ service: { status } }: Draft, newest: RevisionRecord): boolean {
  const said = status.conditions.find(({ type }) => type === 'RevisionReady')?.reason;
  return said === 'RevisionReplaces' && status.latestCreatedRevision === newest.name;
}

function placesOf(draft: Draft, newest: string): RolloutPlace[] {
  return (draft.homeOf(newest) ?? []).map((id) => {
    const record = draft.targets.find(({ target }) => target.clusterId === id);
    const cluster = draft.records.clusters.find((one) => one.id === id);
    return {
      isUsable: cluster !== undefined && isUsable(cluster, draft.now),
      ready: record && reported(record, newest),
      instances: instancesOf(record),
    };
  });
}

const instancesOf = (record: TargetRecord | undefined): Map<string, number> =>
  new Map((record?.report?.revisions ?? []).map(({ name, instances }) => [name, instances]));

function rolling({ name, spec }: RevisionRecord): RollingRevision {
  const { cpuMillis, memoryMiB } = instanceResources(spec);
  const { gpus, gpuClass } = spec.resources;
  return {
    ...{ name, cpuMillis, memoryMiB },
    ...(gpus === undefined ? {} : { gpus }),
    ...(gpuClass === undefined ? {} : { gpuClass }),
  };
}
