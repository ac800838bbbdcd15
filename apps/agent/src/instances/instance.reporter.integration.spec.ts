import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  BILLING_CONSUMER,
  STREAMS,
  Bus,
  agentPermissions,
  ensureHubTopology,
  inboxPrefix,
  instanceBatchSchema,
  type Follower,
} from '#libs/bus';
import type { Id, InstanceInterval } from '#libs/domain';
import { Metrics, createLogger } from '#libs/process';
import {
  SteppedClock,
  temporaryFolder,
  testNats,
  until,
  type TemporaryFolder,
  type TestNats,
} from '#libs/testing';
import type { InstanceState } from '../drivers/driver.js';
import { InstanceReporter } from './instance.reporter.js';

const CLUSTER: Id<'cls'> = 'cls_00000000000000000001';
const T0 = Date.UTC(2026, 10, 22);

/** Runs what it is told to run. */
class Runs {
  private list: InstanceState[] = [];
  private changed: (serviceId: Id<'svc'>) => void = () => undefined;

  set(...names: string[]): void {
    const of = { serviceId: 'svc_00000000000000000001', revisionId: 'rev_00000000000000000001' } as const;
    this.list = names.map((uid) => ({ ...of, revision: 'r', uid, startedAt: T0, readyAt: T0 }));
    this.changed(of.serviceId);
  }
  instances = (): InstanceState[] => this.list;
  seenSince = (): number => 0;
  onChange(listener: (serviceId: Id<'svc'>) => void): () => void {
    this.changed = listener;
    return () => undefined;
  }
}

let nats: TestNats;
let agent: Bus;
let folder: TemporaryFolder;
let billing: Follower;
let heard: InstanceInterval[];

beforeAll(async () => {
  nats = await testNats();
  await ensureHubTopology(nats.bus);
  const creds = await nats.credentials(CLUSTER, agentPermissions(CLUSTER));
  agent = await Bus.connect({ servers: nats.url, creds, name: 'agent', inboxPrefix: inboxPrefix(CLUSTER) });
  billing = nats.bus.follow(STREAMS.instances, BILLING_CONSUMER, ({ subject, data }) => {
    expect(subject).toBe(`instances.${CLUSTER}`);
    heard.push(...instanceBatchSchema.parse(JSON.parse(new TextDecoder().decode(data))).intervals);
    return Promise.resolve();
  });
});
afterAll(async () => {
  await billing.stop();
  await agent.close();
  await nats.release();
});
beforeEach(() => {
  heard = [];
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const file = (): string => join(folder.path, 'instances.json');

function reporter(driver: Runs, clock: SteppedClock, bus: () => Bus): InstanceReporter {
  return new InstanceReporter({
    dataDir: folder.path,
    ...{ clusterId: CLUSTER, driver, bus, clock, metrics: new Metrics() },
    ownerOf: () => 'org_00000000000000000001',
    offsetMs: () => 0,
    logger: createLogger('test', 'silent'),
  });
}

/** The longest that was heard of each. */
const lengths = (): Record<string, [number, boolean]> => {
  const longest: Record<string, [number, boolean]> = {};
  for (const { instanceId, startMs, untilMs, ended } of heard.toSorted((a, b) => a.untilMs - b.untilMs))
    longest[instanceId] = [untilMs - startMs, ended];
  return longest;
};

it('tells of what runs, and of what came and went between two looks', async () => {
  const [driver, clock] = [new Runs(), new SteppedClock(T0)];
  const one = reporter(driver, clock, () => agent);
  await one.start();
  driver.set('kept', 'short');
  clock.step(30);
  driver.set('kept');
  clock.step(5_000);
  await until(() => 'short' in lengths() && 'kept' in lengths(), { what: 'both' });
  clock.step(1_000);
  await one.stop();
  await until(() => lengths()['kept']?.[0] === 6_030, { what: 'the last word' });
  expect(lengths()).toEqual({ kept: [6_030, false], short: [30, true] });
  expect(existsSync(file())).toBe(false);
});

it('keeps on disk what the hub does not take, and the next run tells it', async () => {
  const [driver, clock] = [new Runs(), new SteppedClock(T0)];
  const away = reporter(driver, clock, () => {
    throw new Error('the hub is away');
  });
  await away.start();
  driver.set('a', 'b');
  clock.step(2_000);
  driver.set('b');
  clock.step(1_000);
  await until(() => existsSync(file()), { what: 'the file' });
  await away.stop();

  clock.step(60_000);
  const again = reporter(driver, clock, () => agent);
  await again.start();
  await until(() => lengths()['a'] !== undefined && lengths()['b']?.[0] === 63_000, { what: 'both' });
  expect(lengths()['a']).toEqual([2_000, true]);
  await until(() => !existsSync(file()), { what: 'the end of the file' });
  await again.stop();
});
