import type { Condition } from '../condition.js';
import { LIVE_MS, isLive } from './cluster.rules.js';
import type { Cluster } from './cluster.types.js';

/**
 * What is true of a cluster as of `now` (UTC ms): Joined, Answers, TakesServices, Drained where an operator drains it, and
 * what its agent found.
 * @param left how many services it still holds, where that was looked up
 */
export function clusterConditions(cluster: Cluster, now: number, left?: number): Condition[] {
  const { found } = cluster;
  const own = [joined(cluster), answers(cluster, now), takesServices(cluster), ...drained(cluster, left)];
  return [...own, ...(found?.conditions ?? [])];
}

function drained({ drainingAt, drainTotal = 0 }: Cluster, left: number | undefined): Condition[] {
  if (drainingAt === undefined) return [];
  const known = { type: 'Drained', changedAt: drainingAt };
  if (left === 0) {
    const message = 'It holds nothing any more.';
    return [
      {
        ...known,
        status: 'true',
        reason: 'Empty',
        message,
        nextStep: 'It can be removed: tow clusters remove.',
      },
    ];
  }
  const message =
    left === undefined
      ? 'What it holds moves elsewhere.'
      : `${left} are left; it held ${drainTotal} when that began.`;
  return [{ ...known, status: 'unknown', reason: 'Draining', message }];
}

function joined({ joinedAt, createdAt }: Cluster): Condition {
  const type = 'Joined';
  if (joinedAt !== undefined)
    return {
      type,
      status: 'true',
      reason: 'AgentJoined',
      message: 'Its agent has joined.',
      changedAt: joinedAt,
    };
  return {
    type,
    status: 'false',
    reason: 'NoAgent',
    message: 'No agent has joined yet.',
    nextStep: 'Start its agent with a join token: tow clusters join.',
    changedAt: createdAt,
  };
}

function answers({ joinedAt, lastSeenAt, waitingSince, createdAt }: Cluster, now: number): Condition {
  const type = 'Answers';
  if (isLive(lastSeenAt, now) && waitingSince !== undefined)
    return {
      ...{ type, status: 'unknown', reason: 'Waits', changedAt: waitingSince },
      message: 'Its agent answers and does not work yet; what is in the way stands in the other conditions.',
      nextStep: 'Do what the conditions that do not hold say; the agent goes on by itself.',
    };
  if (isLive(lastSeenAt, now))
    return {
      type,
      status: 'true',
      reason: 'Heard',
      message: 'Its agent answers.',
      changedAt: joinedAt ?? createdAt,
    };
  if (lastSeenAt === undefined)
    return {
      type,
      status: 'unknown',
      reason: 'NeverHeard',
      message: 'Nothing was heard of it yet.',
      changedAt: createdAt,
    };
  return {
    type,
    status: 'false',
    reason: 'Silent',
    message: `Nothing was heard of its agent for ${Math.floor((now - lastSeenAt) / 1_000)} s.`,
    nextStep: 'Look whether the agent runs and reaches the hub.',
    changedAt: lastSeenAt + LIVE_MS,
  };
}

function takesServices({ cordonedAt, createdAt }: Cluster): Condition {
  const type = 'TakesServices';
  if (cordonedAt === undefined)
    return { type, status: 'true', reason: 'Open', message: 'It takes new services.', changedAt: createdAt };
  return {
    type,
    status: 'false',
    reason: 'Cordoned',
    message: 'It takes no new services; what it holds stays.',
    nextStep: 'tow clusters uncordon opens it again.',
    changedAt: cordonedAt,
  };
}
