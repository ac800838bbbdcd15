import { OwnServers, type ServerName } from '#libs/testing';
import { crashSeed, seededNumbers } from '../support/chance.js';
import { chargedOf, copyOf, linesOf, type LedgerCopy } from '../support/ledger.copy.js';
import { Api } from '../support/api.js';
import { LedgerHub, type Usage } from '../support/ledger.hub.js';
import { WORDS, buildsFor, instancesFor } from '../support/ledger.times.js';
import { batchesOf, shuffled, skewedOf, skewedUsage, usageFor } from '../support/ledger.usage.js';
import type { ProcessLife } from '../support/process.life.js';
import { until } from '../support/until.js';

const seed = crashSeed();
const PLAIN = 380;
const SKEWED = 20;
const RECORDS = PLAIN + SKEWED;
const INSTANCES = 40;
const BUILDS = 30;
/** What ran until 22:57 has ended; usage that ends 10 minutes later is from the future. */
const BEFORE = Date.UTC(2026, 9, 31, 23);
/** All usage has ended, no hour is closed. */
const TAKEN = Date.UTC(2026, 9, 31, 23, 30);
/** All hours may close. */
const CLOSED = Date.UTC(2026, 10, 1, 7);
const INVOICED = Date.UTC(2026, 10, 2, 2);
/** November is over, too. */
const CORRECTED = Date.UTC(2026, 11, 2, 2);

/** Where billing is while messages come, and what a life that begins later than the messages gets to. */
const INTAKE = {
  usage: ['billing.read', 'billing.copied', 'billing.committed', 'billing.read:2', 'billing.folded'],
  instances: ['billing.instances.read', 'billing.instances.stored', 'billing.instances.committed'],
  builds: ['billing.builds.read', 'billing.builds.taken', 'billing.builds.committed'],
};
const ALL_INTAKE = Object.values(INTAKE).flat();
const CLOSING = ['billing.settled', 'billing.closed'];
const INVOICING = ['billing.invoiced', 'billing.finalized'];

describe('money is the same whatever dies while it is counted', () => {
  let servers: OwnServers;
  const hubs: LedgerHub[] = [];
  let undisturbed: LedgerCopy & { lines: string[]; charged: Record<string, bigint> };
  const next = seededNumbers(seed);

  beforeAll(async () => {
    servers = await OwnServers.start();
  }, 120_000);
  afterEach(async () => {
    await Promise.all(hubs.splice(0).map((hub) => hub.close()));
  });
  afterAll(() => servers.stop());

  it(`undisturbed: ${RECORDS} records, ${INSTANCES} instances, ${BUILDS} builds (seed ${seed}), an export that is whole, invoices that a replay makes again`, async () => {
    const hub = await open();
    await living(hub, TAKEN, {}, async () => {
      await inTurn(Object.values(partsOf(hub)).flat());
      await hub.takenIn(RECORDS);
    });
    await finish(hub);
    undisturbed = { ...(await copyOf(hub)), lines: await linesOf(hub), charged: await chargedOf(hub) };
    expect(undisturbed.records).toHaveLength(RECORDS);
    expect(undisturbed.intervals).toHaveLength(INSTANCES);
    expect(undisturbed.builds).toHaveLength(BUILDS);
    expect(undisturbed.invoices).toHaveLength(2);
    for (const { organizationId } of hub.tenants)
      for (const item of ['cpu', 'instances', 'builds'])
        expect(undisturbed.charged[`${organizationId} ${item}`]).toBeGreaterThan(0n);
    console.log(
      `${RECORDS} records, ${INSTANCES} instances told ${WORDS} times each, ${BUILDS} builds, ${ALL_INTAKE.length + CLOSING.length + INVOICING.length} crash points, seed ${seed}: ${undisturbed.minutes.length} minutes, ${undisturbed.hours.length} hours, ${undisturbed.exported.length} rows of export`,
    );
  });

  it(`billing is killed at each of ${[...ALL_INTAKE, ...CLOSING, ...INVOICING].join(', ')}`, async () => {
    const hub = await open();
    const parts = partsOf(hub);
    await hub.timeIs(TAKEN);
    for (const kind of ['usage', 'instances', 'builds'] as const) {
      const share = Math.ceil(parts[kind].length / INTAKE[kind].length);
      for (const point of INTAKE[kind]) {
        const life = await hub.billing({ TOWPATH_CRASH_POINT: point });
        await inTurn(parts[kind].splice(0, share));
        await life.killed();
      }
    }
    await living(hub, TAKEN, {}, () => hub.takenInAgain(RECORDS));
    for (const [time, points] of [
      [CLOSED, CLOSING],
      [INVOICED, INVOICING],
    ] as const) {
      await hub.timeIs(time);
      for (const point of points) await (await hub.billing({ TOWPATH_CRASH_POINT: point })).killed();
      if (time === CLOSED) await living(hub, CLOSED, {}, () => hub.closed());
    }
    await living(hub, INVOICED, {}, () => hub.invoiced());
    expect(undisturbed).toMatchObject(await copyOf(hub));
  });

  it.each<ServerName>(['postgres', 'nats'])('%s is killed at each of them, under billing', async (server) => {
    const hub = await open();
    const through = async (
      time: number,
      points: readonly string[],
      work: (life: ProcessLife) => Promise<void>,
    ): Promise<void> => {
      const env = { TOWPATH_CRASH_POINT: points.map((point) => `${point}:stop`).join(',') };
      await living(hub, time, env, async (life) => {
        const working = work(life);
        for (const _point of points) {
          await life.stopped();
          await servers.kill(server);
          life.goOn();
        }
        await working;
      });
    };
    await through(TAKEN, ALL_INTAKE, () => inTurn(Object.values(partsOf(hub)).flat()));
    await living(hub, TAKEN, {}, () => hub.takenInAgain(RECORDS));
    await through(CLOSED, CLOSING, () => Promise.resolve());
    await living(hub, CLOSED, {}, () => hub.closed());
    await through(INVOICED, INVOICING, () => Promise.resolve());
    await living(hub, INVOICED, {}, () => hub.invoiced());
    expect(undisturbed).toMatchObject(await copyOf(hub));
  });

  it('usage comes shuffled, doubled and again after the duplicate window, to two workers whose own clocks jump', async () => {
    const hub = await open();
    const records = usage(hub);
    await hub.timeIs(TAKEN);
    const clock = (...hours: number[]): Record<string, string> => ({
      TOWPATH_CLOCK_OFFSET_SECONDS: hours.map((hour) => hour * 3_600).join(','),
    });
    const two = [await hub.billing(clock(-26, 50, -3)), await hub.beside(clock(5, -40, 26))];
    const told = instancesFor(hub.tenants, seed, INSTANCES);
    await inTurn(partsOf(hub).builds);
    for (const batch of batchesOf(shuffled([...told, ...told], next), 7)) await hub.tell(batch);
    const doubled = shuffled([...records, ...records.slice(0, RECORDS / 2)], next);
    for (const [i, batch] of batchesOf(doubled, 7).entries()) {
      if (i === 2 || i === 5) {
        await hub.someIn('usage_records');
        for (const life of two) life.jump();
      }
      await hub.send(batch);
    }
    await two[0]?.end();
    two.splice(0, 1, await hub.beside(clock(26)));
    for (const batch of batchesOf(shuffled(records, next).slice(0, RECORDS / 2), 13)) await hub.send(batch);
    await hub.takenIn(RECORDS);
    await Promise.all(two.map((life) => life.end()));
    for (const [time, begun, done] of [
      [CLOSED, 'ledger_seals', () => hub.closed()],
      [INVOICED, 'invoiced_months', () => hub.invoiced()],
    ] as const) {
      await hub.timeIs(time);
      const both = [await hub.billing(clock(-26, 30)), await hub.beside(clock(26, -2))];
      await hub.someIn(begun);
      for (const life of both) life.jump();
      await done();
      await Promise.all(both.map((life) => life.end()));
    }
    expect(undisturbed).toMatchObject(await copyOf(hub));
  });

  it('usage that comes after the grace, after the invoice, and of a clock that is ahead: line + corrections', async () => {
    const hub = await open();
    const plain = shuffled(usageFor(hub, seed, PLAIN), next);
    const ahead = skewedUsage(hub, SKEWED);
    await living(hub, BEFORE, {}, async (life) => {
      const { instances, builds } = partsOf(hub);
      await inTurn([...instances, ...builds]);
      for (const batch of batchesOf([...plain.slice(0, 200), ...ahead])) await hub.send(batch);
      await hub.takenIn(200, SKEWED);
      await expectFlagged(hub, life);
    });
    await living(hub, CLOSED, {}, () => hub.closed());
    await living(hub, CLOSED, {}, async () => {
      for (const batch of batchesOf(plain.slice(200, 300))) await hub.send(batch);
      await hub.takenIn(300, SKEWED);
      await hub.closed();
      await release(hub);
      await hub.takenIn(300 + SKEWED, SKEWED);
      await hub.closed();
    });
    await living(hub, INVOICED, {}, () => hub.invoiced());
    await living(hub, INVOICED, {}, async () => {
      for (const batch of batchesOf(plain.slice(300))) await hub.send(batch);
      await hub.takenIn(RECORDS, SKEWED);
      await hub.closed();
    });
    await living(hub, CORRECTED, {}, () => hub.invoiced(2));
    const {
      exported: _exported,
      hours: _hours,
      invoices: _invoices,
      numbers: _numbers,
      ...counted
    } = await copyOf(hub);
    expect(undisturbed).toMatchObject({ ...counted, lines: await linesOf(hub) });
    expect(await chargedOf(hub)).toEqual(undisturbed.charged);
    const kinds = await hub.rows(`SELECT kind, count(*)::int AS n FROM ledger_seals GROUP BY 1 ORDER BY 1`);
    console.log(`line + corrections of ${RECORDS} records: ${JSON.stringify(kinds)}`);
  });

  /** Its gateway says how late it is there, and billing says whose clock is wrong. */
  async function expectFlagged(hub: LedgerHub, life: ProcessLife): Promise<void> {
    const { gatewayId } = skewedOf(hub);
    const [said, gauge] = [
      new RegExp(`The clock of gateway ${gatewayId} is (59\\d|600) s ahead`),
      new RegExp(`towpath_billing_gateway_clock_ahead_seconds\\{gateway="${gatewayId}"\\} (59\\d|600)`),
    ];
    await until('billing to say whose clock is ahead', 30_000, async () => {
      await hub.status(gatewayId, Date.now() + 600_000);
      return said.test(await (await fetch(`${life.url}/healthz`)).text());
    });
    const metrics = await (await fetch(`${life.url}/metrics`)).text();
    expect(metrics).toMatch(gauge);
    expect(metrics).toContain(`towpath_billing_records_total{result="from_the_future"} ${SKEWED}`);
    await until('billing to be well', 30_000, async () => {
      await hub.status(gatewayId, Date.now());
      return (await fetch(`${life.url}/healthz`)).ok;
    });
  }

  /** The operator looks at what was refused, and has it looked at again. */
  async function release(hub: LedgerHub): Promise<void> {
    const life = await hub.api();
    const [operator, { organizationId }] = [hub.tenants[0], skewedOf(hub)];
    const api = new Api(life.url, operator ? hub.keyOf(operator) : '');
    const path = `/v1/organizations/${organizationId}/quarantine/release`;
    await api.ok('POST', path, { reason: 'from_the_future' });
    await life.end();
  }

  async function open(): Promise<LedgerHub> {
    const hub = await LedgerHub.open(seed);
    hubs.push(hub);
    return hub;
  }

  /** All that is to be counted, in the messages and rows in which it comes. */
  function partsOf(hub: LedgerHub): Record<keyof typeof INTAKE, Part[]> {
    return {
      usage: batchesOf(usage(hub)).map((batch) => () => hub.send(batch)),
      instances: batchesOf(instancesFor(hub.tenants, seed, INSTANCES)).map((batch) => () => hub.tell(batch)),
      builds: batchesOf(buildsFor(hub.tenants, seed, BUILDS)).map((batch) => () => hub.built(batch)),
    };
  }

  function usage(hub: LedgerHub): Usage[] {
    return [...usageFor(hub, seed, PLAIN), ...skewedUsage(hub, SKEWED)];
  }
});

type Part = () => Promise<void>;

async function inTurn(parts: readonly Part[]): Promise<void> {
  for (const part of parts) await part();
}

/** Does something while billing lives that began at that time. */
async function living(
  hub: LedgerHub,
  time: number,
  env: Record<string, string>,
  work: (life: ProcessLife) => Promise<void>,
): Promise<void> {
  await hub.timeIs(time);
  const life = await hub.billing(env);
  await work(life);
  await life.end();
}

/** Closes all hours, then the month. */
async function finish(hub: LedgerHub): Promise<void> {
  await living(hub, CLOSED, {}, () => hub.closed());
  await living(hub, INVOICED, {}, () => hub.invoiced());
}
