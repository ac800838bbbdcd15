import { needsBuilds, windowStart, type Clock, type WindowKey } from '#libs/domain';
import { crashPoint } from '#libs/process';
import {
  findWaitingBuildTimes,
  markDirty,
  nextPosition,
  planFinder,
  takeBuildTimes,
  type LeasedTx,
} from '#libs/store';
import type { MeteredThings } from '../metered.things.js';
import { priceZones } from '../price.zones.js';
import type { WaitingKind } from './waiting.intake.js';

/** Builds taken in by one transaction at most. */
const BATCH = 500;

/**
 * Puts times of builds at the next position, each in its price zone, and marks the minutes in which they began, as far as a plan counts
 * them.
 * @returns how many there were
 */
export async function takeBuilds(tx: LeasedTx, things: MeteredThings, nowMs: number): Promise<number> {
  const builds = await findWaitingBuildTimes(tx, BATCH);
  if (builds.length === 0) return 0;
  crashPoint('billing.builds.read');
  // No message of a stream: only the position moves.
  const position = await nextPosition(tx, 0, nowMs);
  const loaded = await things.load(tx, { clusters: builds.map(({ clusterId }) => clusterId) });
  const plans = await planFinder(tx, [...new Set(builds.map(({ organizationId }) => organizationId))]);
  const zones = priceZones(plans, loaded);
  const placed = builds.map((build) => ({ build, priceZone: zones.at(build, build.startMs) }));
  await takeBuildTimes(tx, placed, position);
  const counted = placed.filter(({ build }) => needsBuilds(plans.at(build.organizationId, build.startMs)));
  const marks = counted.map(({ build, priceZone }): WindowKey => {
    const { organizationId, projectId, serviceId, startMs } = build;
    const of = { organizationId, projectId, serviceId, revisionId: '' };
    return { ...of, priceZone, windowStartMs: windowStart(startMs) };
  });
  await markDirty(tx, marks);
  crashPoint('billing.builds.taken');
  return builds.length;
}

/** How long builds took. */
export function waitingBuilds(things: MeteredThings, clock: Clock): WaitingKind<number> {
  return {
    ...{ name: 'builds', lookMs: 1_000 },
    take: (tx) => takeBuilds(tx, things, clock.now()),
    took: (taken) => {
      if (taken > 0) crashPoint('billing.builds.committed');
      return taken === BATCH;
    },
  };
}
