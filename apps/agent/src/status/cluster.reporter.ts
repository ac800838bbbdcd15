import type { Clock, Id } from '#libs/domain';
import { CLUSTER_KEY, clusterStatusSchema, statusBucket, type Bus, type ClusterStatus } from '#libs/bus';
import { Loop, type Logger } from '#libs/process';
import type { Driver } from '../drivers/driver.js';
import type { TargetStore } from '../targets/target.store.js';

const BEAT_MS = 5_000;

/** Says every 5 s that this cluster is there, what was found of it, where its ingress is, and which epoch it has seen. */
export class ClusterReporter {
  private readonly loop: Loop;

  constructor(
    private readonly parts: {
      clusterId: Id<'cls'>;
      targets: TargetStore;
      driver: Driver;
      /** Whether the driver has started: only then it may have a door. */
      hasStarted: () => boolean;
      capabilities: () => string[];
      /** By how much its clock is ahead of the hub's. */
      offsetMs: () => number | undefined;
      bus: () => Bus;
      clock: Clock;
      logger: Logger;
    },
  ) {
    this.loop = new Loop('cluster status', BEAT_MS, () => this.report(), parts.logger);
  }

  /** Starts, or reports at once when it runs already. */
  beat(): void {
    this.loop.wake();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async report(): Promise<void> {
    const { clusterId, driver, hasStarted, capabilities, offsetMs, targets, clock } = this.parts;
    const found = driver.found();
    const clockOffsetMs = offsetMs();
    await this.parts.bus().putKey(statusBucket(clusterId), CLUSTER_KEY, clusterStatusSchema, {
      schemaVersion: 1,
      clusterId,
      runtime: driver.runtime,
      capabilities: capabilities(),
      ...(hasStarted() ? doorOf(driver) : {}),
      ...(found === undefined ? {} : { found }),
      ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
      epoch: targets.highestEpoch(),
      sentAt: clock.now(),
    });
  }
}

/** A door that no service may come to is told as one that waits: hubs of the release before know of none then. */
function doorOf(driver: Driver): Pick<ClusterStatus, 'door' | 'waitingDoor'> {
  const door = driver.door();
  return driver.isFit() ? { door } : { waitingDoor: door };
}
