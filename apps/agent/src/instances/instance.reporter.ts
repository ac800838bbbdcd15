import { join } from 'node:path';
import type { Clock, Id, InstanceInterval } from '#libs/domain';
import { INTERVALS_PER_MESSAGE, instanceBatchSchema, instancesSubject, type Bus } from '#libs/bus';
import { Loop, type Logger, type Metrics } from '#libs/process';
import type { Driver } from '../drivers/driver.js';
import { readIfThere, removeDurably, writeDurably } from '../files/durable.file.js';
import { InstanceTracker, type TrackerParts } from './instance.tracker.js';

const LOOK_MS = 1_000;

export interface InstanceReporterParts {
  dataDir: string;
  clusterId: Id<'cls'>;
  driver: Pick<Driver, 'instances' | 'onChange' | 'seenSince'>;
  ownerOf: TrackerParts['ownerOf'];
  offsetMs: TrackerParts['offsetMs'];
  bus: () => Bus;
  clock: Clock;
  metrics: Metrics;
  logger: Logger;
}

/**
 * Tells the hub how long each instance runs. It sees every change of the driver, so that no instance is too short; what the
 * hub does not take stands on disk at each try.
 */
export class InstanceReporter {
  private readonly tracker: InstanceTracker;
  private readonly loop: Loop;
  private readonly file: string;
  private isOnDisk = false;

  constructor(private readonly parts: InstanceReporterParts) {
    const { clusterId, ownerOf, offsetMs, metrics, logger } = parts;
    const dropped = metrics.counter(
      'towpath_agent_intervals_dropped_total',
      'Ended instances whose time was dropped: the hub was away for too long',
    );
    this.tracker = new InstanceTracker({ clusterId, ownerOf, offsetMs, onDropped: () => dropped.inc() });
    this.loop = new Loop('instances', LOOK_MS, () => this.report(), logger);
    this.file = join(parts.dataDir, 'instances.json');
  }

  async start(): Promise<void> {
    const text = await readIfThere(this.file);
    if (text !== undefined) this.restore(text);
    this.parts.driver.onChange(() => this.sight());
    this.loop.start();
  }

  /** Ends after one last try; what could not be told is told by the next run. */
  async stop(): Promise<void> {
    await this.loop.stop();
    this.look();
    await this.tell(this.tracker.untold()).catch((error: unknown) =>
      this.parts.logger.warn({ err: error }, 'times of instances are told after the next start'),
    );
  }

  /** Tells everything again that the hub may not have. */
  wake(): void {
    this.loop.wake();
  }

  /** The end of a cold start is told at once: requests that waited may be on a bill. */
  private sight(): void {
    if (this.look()) this.loop.wake();
  }

  private report(): Promise<void> {
    this.look();
    return this.tell(this.tracker.due());
  }

  private look(): boolean {
    const { driver, clock } = this.parts;
    return this.tracker.look(driver.instances(), clock.now(), driver.seenSince());
  }

  private async tell(intervals: readonly InstanceInterval[]): Promise<void> {
    const { clusterId, bus } = this.parts;
    try {
      for (let from = 0; from < intervals.length; from += INTERVALS_PER_MESSAGE) {
        const batch = intervals.slice(from, from + INTERVALS_PER_MESSAGE);
        const message = { schemaVersion: 1 as const, intervals: batch };
        await bus().publish(instancesSubject(clusterId), instanceBatchSchema, message);
        this.tracker.told(batch);
      }
    } catch (error) {
      await this.save();
      throw error;
    }
    if (this.isOnDisk) await removeDurably(this.file);
    this.isOnDisk = false;
  }

  private async save(): Promise<void> {
    const message = { schemaVersion: 1, intervals: this.tracker.untold() };
    await writeDurably(this.file, JSON.stringify(message));
    this.isOnDisk = true;
  }

  private restore(text: string): void {
    this.isOnDisk = true;
    try {
      this.tracker.restore(instanceBatchSchema.parse(JSON.parse(text)).intervals);
    } catch (error) {
      this.parts.logger.error({ err: error }, 'the times of instances on disk are damaged and were left out');
    }
  }
}
