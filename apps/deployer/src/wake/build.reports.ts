import { buildStatusSchema, decode, type BuildStatus } from '#libs/bus';
import { KeyedQueue, type Again, type Logger } from '#libs/process';
import type { BuildBoard } from './build.board.js';

const WIDTH = 4;

interface Report {
  clusterId: string;
  buildId: string;
  status: BuildStatus;
  storedAt: number;
}

/**
 * What was heard of builds and is not kept yet: a bucket tells each report once, so what cannot be kept (the database is away)
 * is tried again until it can. What a process had not kept when it ended, the bucket tells the next one.
 */
export class BuildReports {
  private readonly heard = new Map<string, Report>();
  private readonly queue: KeyedQueue<string>;

  constructor(
    private readonly board: BuildBoard,
    private readonly wakeService: (serviceId: string) => void,
    private readonly logger: Logger,
  ) {
    this.queue = new KeyedQueue('build reports', (key) => this.keep(key), WIDTH, logger);
  }

  /** Takes a report as it came, of the time at which the server stored it. The newest of a build counts. */
  take(clusterId: string, buildId: string, bytes: Uint8Array, storedAt: number): void {
    try {
      const status = decode(buildStatusSchema, bytes);
      // By cluster too: none speaks over what the one that was asked has said.
      const key = `${clusterId}.${buildId}`;
      this.heard.set(key, { clusterId, buildId, status, storedAt });
      this.queue.add(key);
    } catch (error) {
      this.logger.warn({ err: error, build: buildId }, 'a build status could not be read');
    }
  }

  /** Ends after the work in hand. */
  async stop(): Promise<void> {
    await this.queue.stop();
  }

  private async keep(key: string): Promise<Again> {
    const report = this.heard.get(key);
    if (!report) return undefined;
    const { clusterId, buildId, status, storedAt } = report;
    const serviceId = await this.board.take(clusterId, buildId, status, storedAt);
    // A newer one may have come meanwhile; it is in the queue again.
    if (this.heard.get(key) === report) this.heard.delete(key);
    if (serviceId !== undefined) this.wakeService(serviceId);
    return undefined;
  }
}
