import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { decode, usageBatchSchema, type Bus } from '#libs/bus';
import { LogBudget, type UsageRecord } from '#libs/domain';
import { Metrics, createLogger } from '#libs/process';
import { SteppedClock, seededRandom, temporaryFolder, until, type TemporaryFolder } from '#libs/testing';
import { CheckpointFile } from './checkpoint.js';
import { Spools } from './spools.js';
import { usageMetrics } from './usage.metrics.js';
import { UsageShipper } from './usage.shipper.js';

const line = `${JSON.stringify({
  type: 'DownstreamEnd',
  start: '1795219200.123456',
  emitted: '1795219200.223999',
  nanos: 100_400_000,
  stream: '7f1e4a3c-0000-4000-8000-000000000000',
  received: 4,
  sent: 10,
  status: 200,
  ids: 'org_00000000000000000001 prj_00000000000000000001 svc_00000000000000000001',
})}\n`;

describe('shipping usage', () => {
  let folder: TemporaryFolder;
  let log: string;
  let data: string;
  const shipped: UsageRecord[] = [];
  /** What happens elsewhere while a message is stored. */
  let meanwhile = (): void => undefined;
  let timesRead = 0;
  // Only a disk that refuses is needed here; a real stream would be no other.
  const bus = {
    publishEncoded: (subject: string, bytes: Uint8Array) => {
      if (subject.startsWith('usage.')) {
        shipped.push(...decode(usageBatchSchema, bytes).records);
        meanwhile();
      }
      return Promise.resolve({});
    },
  } as unknown as Bus;

  const open = (): UsageShipper => {
    const logger = createLogger('test', 'silent');
    const checkpoint = new CheckpointFile(data);
    const state = checkpoint.read() ?? { spools: [], open: {}, finishedBytes: 0 };
    const random = seededRandom(state.spools.length + 1);
    const reopen = (): Promise<void> => Promise.resolve();
    const clock = new SteppedClock();
    return new UsageShipper(
      {
        gatewayId: 'gw_00000000000000000001',
        region: 'lab',
        spools: new Spools(state.spools, { log, rotateBytes: 1_000_000, reopen, clock, random, logger }),
        checkpoint,
        bus: () => bus,
        admission: { noted: () => undefined, readAll: () => (timesRead += 1) },
        revisionName: () => undefined,
        metrics: usageMetrics(new Metrics()),
        logBudget: new LogBudget(1_000),
        clock,
        logger,
      },
      state,
    );
  };

  beforeEach(() => {
    folder = temporaryFolder();
    log = path.join(folder.path, 'access.log');
    data = path.join(folder.path, 'data');
    shipped.length = 0;
    meanwhile = () => undefined;
    timesRead = 0;
  });
  afterEach(() => folder.remove());

  it('reads nothing of a spool whose id is not on disk yet, and everything once it is', async () => {
    const shipper = open();
    await shipper.ship();
    rmSync(data, { recursive: true });
    appendFileSync(log, line);
    await expect(shipper.ship()).rejects.toThrow('ENOENT');
    await expect(shipper.ship()).rejects.toThrow('ENOENT');
    expect(shipped).toEqual([]);
    mkdirSync(data);
    await shipper.ship();
    appendFileSync(log, line);
    await shipper.ship();
    expect(shipped.map(({ position }) => position)).toEqual([0, line.length]);
    await shipper.stop();
    const again = open();
    appendFileSync(log, line);
    await again.ship();
    expect(new Set(shipped.map(({ producer }) => producer)).size).toBe(1);
    expect(shipped).toHaveLength(3);
    await again.stop();
  });

  it('sends what was stored last once more when the server was away, before anything new', async () => {
    const shipper = open();
    await shipper.ship();
    appendFileSync(log, line);
    await shipper.ship();
    appendFileSync(log, line);
    shipper.returned();
    await until(() => shipped.length === 3, { what: 'three records' });
    expect(shipped.map(({ position }) => position)).toEqual([0, 0, line.length]);
    await shipper.stop();
  });

  it('leaves what is written while it stores a batch for the next look, where it is one batch', async () => {
    const shipper = open();
    await shipper.ship();
    timesRead = 0;
    meanwhile = () => void (shipped.length < 10 && appendFileSync(log, line));
    appendFileSync(log, line);
    await shipper.ship();
    expect(shipped).toHaveLength(1);
    expect(timesRead).toBe(1);
    appendFileSync(log, line.repeat(2));
    await shipper.ship();
    expect(shipped.map(({ position }) => position / line.length)).toEqual([0, 1, 2, 3]);
    await shipper.stop();
  });

  it('reads on at once where there is more than a batch', async () => {
    const shipper = open();
    await shipper.ship();
    timesRead = 0;
    appendFileSync(log, line.repeat(2_500));
    await shipper.ship();
    expect(shipped).toHaveLength(2_500);
    expect(timesRead).toBe(1);
    await shipper.stop();
  });

  it('goes on only when the checkpoint knows what was shipped', async () => {
    const shipper = open();
    await shipper.ship();
    appendFileSync(log, line);
    await shipper.ship();
    rmSync(data, { recursive: true });
    appendFileSync(log, line);
    await expect(shipper.ship()).rejects.toThrow('ENOENT');
    appendFileSync(log, line);
    await expect(shipper.ship()).rejects.toThrow('ENOENT');
    expect(shipped).toHaveLength(2);
    mkdirSync(data);
    await shipper.ship();
    expect(shipped).toHaveLength(3);
    await shipper.stop();
  });
});
