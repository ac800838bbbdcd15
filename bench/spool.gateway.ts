import { appendFileSync } from 'node:fs';
import path from 'node:path';
import type { Bus } from '#libs/bus';
import { LogBudget, type Id } from '#libs/domain';
import { Metrics, createLogger, systemClock, systemRandom } from '#libs/process';
import type { UsedRevision } from '#libs/testing';
import { CheckpointFile } from '../apps/gateway/src/usage/checkpoint.js';
import { Spools } from '../apps/gateway/src/usage/spools.js';
import { usageMetrics } from '../apps/gateway/src/usage/usage.metrics.js';
import { UsageShipper } from '../apps/gateway/src/usage/usage.shipper.js';

const ROTATE_BYTES = 1_000_000_000;
const REQUEST_MICROS = 20_000n;

/** The gateway's way of usage, from its Envoy's log to JetStream; what Envoy would write is written by the bench. */
export class SpoolGateway {
  private constructor(
    private readonly log: string,
    private readonly shipper: UsageShipper,
  ) {}

  static async start(folder: string, bus: Bus, gatewayId: Id<'gw'>): Promise<SpoolGateway> {
    const log = path.join(folder, 'access.log');
    const logger = createLogger('bench', 'warn');
    const [clock, random] = [systemClock, systemRandom];
    const spools = { log, rotateBytes: ROTATE_BYTES, reopen: () => Promise.resolve(), clock, random, logger };
    const shipper = new UsageShipper(
      {
        gatewayId,
        region: 'local',
        spools: new Spools([], spools),
        checkpoint: new CheckpointFile(path.join(folder, 'spool')),
        bus: () => bus,
        admission: { noted: () => undefined, readAll: () => undefined },
        revisionName: () => undefined,
        metrics: usageMetrics(new Metrics()),
        logBudget: new LogBudget(1_000),
        clock,
        logger,
      },
      { open: {}, finishedBytes: 0 },
    );
    // A log that is there before its spool was begun may have been shipped already, and is put aside.
    await shipper.ship();
    shipper.start();
    return new SpoolGateway(log, shipper);
  }

  /** Requests of 20 ms that end now, one of each of these; gives when they ended, ms. */
  end(of: readonly UsedRevision[]): number {
    const now = Date.now();
    const emitted = BigInt(now) * 1_000n;
    appendFileSync(this.log, of.map((one) => lineOf(one, emitted)).join(''));
    return now;
  }

  stop(): Promise<void> {
    return this.shipper.stop();
  }
}

function lineOf({ organizationId, projectId, serviceId, revisionId }: UsedRevision, emitted: bigint): string {
  const line = {
    type: 'DownstreamEnd',
    start: seconds(emitted - REQUEST_MICROS),
    emitted: seconds(emitted),
    nanos: Number(REQUEST_MICROS) * 1_000,
    stream: crypto.randomUUID(),
    received: 10,
    sent: 100,
    status: 200,
    flags: '-',
    attempts: 1,
    ids: `${organizationId} ${projectId} ${serviceId}`,
    revision: revisionId,
    upstream: '127.0.0.1:9000',
    method: 'GET',
    path: '/',
  };
  return `${JSON.stringify(line)}\n`;
}

/** Seconds with six digits behind the point, as Envoy writes them. */
function seconds(micros: bigint): string {
  const text = micros.toString();
  return `${text.slice(0, -6)}.${text.slice(-6)}`;
}
