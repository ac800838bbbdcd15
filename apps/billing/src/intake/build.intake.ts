import { needsBuilds, windowStart, type Clock, type WindowKey } from '#libs/domain';
import { Loop, type Logger } from '#libs/process';
import {
  findWaitingBuildTimes,
  markDirty,
  nextPosition,
  planFinder,
  takeBuildTimes,
  whileHeld,
  type Database,
  type LeaseKeeper,
  type LeasedTx,
} from '#libs/store';
import type { MeteredThings } from '../metered.things.js';
import { priceZones } from '../price.zones.js';
import { INTAKE_LEASE } from './intake.worker.js';

const LOOK_MS = 1_000;
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
  return builds.length;
}

/** Takes in how long builds took, while this process holds the intake's lease. */
export class BuildIntake {
  private readonly loop: Loop;

  constructor(
    private readonly db: Database,
    private readonly leases: Pick<LeaseKeeper, 'holding' | 'lost'>,
    private readonly things: MeteredThings,
    private readonly clock: Clock,
    logger: Logger,
  ) {
    this.loop = new Loop('builds', LOOK_MS, () => this.look(), logger);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(): Promise<void> {
    const lease = this.leases.holding(INTAKE_LEASE);
    if (!lease) return;
    const taken = await whileHeld({ db: this.db, leases: this.leases }, lease, (tx) =>
      takeBuilds(tx, this.things, this.clock.now()),
    );
    if (taken === BATCH) this.loop.wake();
  }
}
