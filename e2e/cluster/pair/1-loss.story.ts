import { closeDoor, cutLink, mendLink, openDoor, powerOff, powerOn } from '../../support/cluster.loss.js';
import { stopNode, stopPart, wakeNode, wakePart } from '../../support/cluster.parts.js';
import { clusterUnderTest, type RealCluster } from '../../support/kubectl.js';
import { Lanes, WHERE_SOURCE, type Where, isAskedAtBoth, wasInFlight } from '../../support/lanes.js';
import { Tenant, sum } from '../../support/tenant.js';
import { until } from '../../support/until.js';

/** Within this time no request meets the lost cluster any more. */
const MOVED_MS = 10_000;
/** Kubernetes believes in a node for 40 s after its last word (scripts/node.sh), and looks each 5 s; what it ran serves meanwhile. */
const NODE_LOST_MS = 60_000;
/** A gateway takes a route over, and asks its doors for the first time. */
const SETTLE_MS = 3_000;
/** How many requests have to be answered while the cluster is away, after its requests have moved. */
const ANSWERED_AWAY = 200;
/** And after it is back: some ten seconds' worth, in which it would show that it is not. */
const ANSWERED_BACK = 600;

/** How something is taken from a cluster, and given back. */
interface Loss {
  take: (cluster: RealCluster) => void | Promise<void>;
  giveBack: (cluster: RealCluster) => void | Promise<void>;
  /** Within this time no request meets the cluster any more. */
  movedMs?: number;
}

const stopKubelet = (cluster: RealCluster): void => stopPart(cluster, 'kubelet');
const wakeKubelet = (cluster: RealCluster): void => wakePart(cluster, 'kubelet');

describe('a service on two real clusters', () => {
  const { second, ...first } = clusterUnderTest();
  const clusters: RealCluster[] = [first, second];
  const clusterOf = ({ address = '' }: Where): string | undefined =>
    clusters.find(({ pods }) => address.startsWith(pods.replace(/0\.0\/16$/, '')))?.name;
  const both = clusters.map(({ name }) => name).sort();
  let tenant: Tenant;
  let lanes: Lanes;
  /** Requests that were answered, in all tests. */
  let answered = 0;

  beforeAll(async () => {
    tenant = await Tenant.create('pair');
    const regions = ['local', 'local-2'];
    await tenant.mustDeploy('wide', { source: WHERE_SOURCE, service: { regions, minInstances: 1 } });
    await until('both doors', 60_000, async () => isAskedAtBoth(await tenant.service('wide')));
  }, 180_000);
  beforeEach(() => {
    lanes = new Lanes(tenant, clusterOf);
    for (let lane = 0; lane < 4; lane += 1) lanes.add('wide', 'GET');
    for (let lane = 0; lane < 2; lane += 1) lanes.add('wide', 'POST');
  });
  afterEach(() => lanes.stop());
  // the next platform finds the clusters empty
  afterAll(() => tenant.api.change('DELETE', tenant.at('wide')), 120_000);

  it.each<[string, Loss]>([
    ['loses its door', { take: closeDoor, giveBack: openDoor }],
    ['loses its link', { take: cutLink, giveBack: mendLink }],
    ['loses its power', { take: powerOff, giveBack: powerOn }],
    ['stands still', { take: stopNode, giveBack: wakeNode }],
    ['has a kubelet that stands still', { take: stopKubelet, giveBack: wakeKubelet, movedMs: NODE_LOST_MS }],
  ])(
    'answers from both; one that %s is left, and asked again when it is back',
    async (what, { take, giveBack, movedMs = MOVED_MS }) => {
      const since = Date.now() + SETTLE_MS;
      await until('answers of both', 60_000, () => Promise.resolve(answering(since).join() === both.join()));
      const lostAt = Date.now();
      let awayUntil: number;
      try {
        await take(second);
        await answeredAfter(lostAt + movedMs, ANSWERED_AWAY);
      } finally {
        awayUntil = Date.now();
        await giveBack(second);
      }
      const returned = Date.now();
      await until(`${second.name} answers again`, 260_000, () =>
        Promise.resolve(answering(returned).includes(second.name)),
      );
      const back = Date.now() - returned;
      const settled = Date.now() + SETTLE_MS;
      await answeredAfter(settled, ANSWERED_BACK);
      await lanes.stop();
      const failed = lanes.failedSince(lostAt);
      answered += lanes.requests.length - failed.length;
      const longest = Math.max(...lanes.requests.map(({ began, ended }) => ended - began));
      const stayed = lanes.requests.filter(
        ({ cluster, ended }) => cluster === second.name && ended < awayUntil,
      );
      const leftMs = Math.max(0, ...stayed.map(({ began }) => began - lostAt));
      console.log(
        `${what}: ${lanes.requests.length} requests, ${failed.length} failed; the longest waited ${longest} ms; ` +
          `left after ${leftMs} ms, back after ${back} ms`,
        failed,
      );
      const away = lanes.requests.filter(({ began, ended }) => began > lostAt + movedMs && ended < awayUntil);
      expect([...new Set(away.map(({ cluster }) => cluster))]).toEqual([first.name]);
      expect(answering(settled)).toEqual(both);
      expect(failed.filter((one) => !wasInFlight(one, movedMs))).toEqual([]);
      expect(sum(await tenant.usageOf('wide', answered), 'requests')).toBeGreaterThan(0n);
    },
    600_000,
  );

  it('both lose their link: callers are told so; afterwards both answer by themselves', async () => {
    const since = Date.now() + SETTLE_MS;
    await until('answers of both', 60_000, () => Promise.resolve(answering(since).join() === both.join()));
    try {
      for (const cluster of clusters) await cutLink(cluster);
      const told = await until('a refusal', 60_000, async () => {
        const answer = await tenant.call('wide');
        return answer.status !== 200 && answer;
      });
      expect([told.status, told.json()]).toEqual([
        503,
        expect.objectContaining({ code: 'UNAVAILABLE', message: expect.stringMatching(/\w/) as string }),
      ]);
    } finally {
      for (const cluster of clusters) await mendLink(cluster);
    }
    const mended = Date.now();
    await until('both answer again', 120_000, () =>
      Promise.resolve(answering(mended).join() === both.join()),
    );
    const settled = Date.now() + SETTLE_MS;
    await answeredAfter(settled, ANSWERED_BACK);
    await lanes.stop();
    const failed = lanes.failedSince(settled);
    console.log(
      `both links: ${lanes.requests.length} requests, ${failed.length} failed; back after ${settled - mended} ms`,
    );
    expect(failed.filter(({ began }) => began >= 0)).toEqual([]);
  }, 300_000);

  async function answeredAfter(time: number, count: number): Promise<void> {
    await until(`${count} requests`, 90_000, () =>
      Promise.resolve(lanes.requests.filter(({ began }) => began > time).length >= count),
    );
  }

  function answering(since: number): string[] {
    return [...lanes.clustersSince(since, 'wide').keys()].sort();
  }
});
