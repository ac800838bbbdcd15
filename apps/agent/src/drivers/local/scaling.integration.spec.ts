import { jest } from '@jest/globals';
import { until } from '#libs/testing';
import { LocalRig } from './rig/local.rig.js';
import { COUNTING } from './rig/programs.js';

// Real processes on a machine that may be busy.
jest.setTimeout(60_000);

interface Counted {
  pid: number;
  most: number;
  path: string;
  env: Record<string, string>;
}

const counted = (body: string) => JSON.parse(body) as Counted;
const repeat = <T>(times: number, make: (i: number) => T): T[] =>
  Array.from({ length: times }, (_, i) => make(i));

describe('an instance of the local runtime', () => {
  let rig: LocalRig;
  afterEach(() => rig.close());

  it('is started once to prove the revision, and goes when nobody calls', async () => {
    rig = await LocalRig.started({ scaleWindowMs: 600 });
    const revision = await rig.ready(COUNTING);
    expect(rig.condition(revision).reason).toBe('Ready');
    await rig.idle(revision);
    expect(rig.condition(revision).status).toBe('true');
    // A restarted agent knows it without a start.
    await rig.driver.stop();
    rig.driver = rig.newDriver();
    await rig.driver.start();
    await rig.apply(revision);
    expect(rig.condition(revision).status).toBe('true');
    expect(rig.instancesOf(revision)).toBe(0);
  });

  it('has the environment of the contract and nothing of the agent', async () => {
    process.env['AGENTS_OWN'] = 'secret';
    rig = await LocalRig.started();
    const revision = await rig.ready(COUNTING);
    const { env } = counted((await rig.get(revision)).body);
    expect(env).toMatchObject({
      K_SERVICE: 'rev',
      K_CONFIGURATION: 'rev',
      K_REVISION: revision.name,
      FROM_IMAGE: 'yes',
      SEALED: `for ${revision.id}`,
    });
    expect(env['AGENTS_OWN']).toBeUndefined();
    expect(env['HOME']).toContain(rig.folder);
  });

  it('answers 100 simultaneous first requests after one cold start', async () => {
    rig = await LocalRig.started({ scaleWindowMs: 6000 });
    const revision = await rig.ready(COUNTING);
    await rig.driver.stop();
    rig.driver = rig.newDriver();
    await rig.driver.start();
    await rig.apply(revision);
    const answers = await Promise.all(repeat(100, () => rig.get(revision)));
    expect(answers.map((a) => a.status)).toEqual(repeat(100, () => 200));
    expect(new Set(answers.map((a) => counted(a.body).pid)).size).toBeLessThanOrEqual(2);
    // What an instance says about itself is not believed.
    expect(answers[0]?.headers['x-towpath-not-reached']).toBeUndefined();
  });

  it('never has more requests than its concurrency, and more come with more demand, up to the most', async () => {
    rig = await LocalRig.started({ scaleWindowMs: 6000 });
    const revision = await rig.ready(COUNTING, { concurrency: 1, maxInstances: 3 });
    const answers = await Promise.all(repeat(60, () => rig.get(revision, '/?ms=50')));
    expect(answers.every((a) => a.status === 200)).toBe(true);
    expect(Math.max(...answers.map((a) => counted(a.body).most))).toBe(1);
    expect(new Set(answers.map((a) => counted(a.body).pid)).size).toBe(3);
  });

  it('refuses what the queue cannot hold, and what waits too long, and loses nothing', async () => {
    rig = await LocalRig.started({ queueLimit: 5, queueTimeoutMs: 2000 });
    const revision = await rig.ready(COUNTING, { concurrency: 1, maxInstances: 1 });
    const answers = await Promise.all(repeat(8, () => rig.get(revision, '/?ms=1500')));
    const reasons = answers.map((a) =>
      a.status === 200 ? 'served' : (JSON.parse(a.body) as { reason: string }).reason,
    );
    expect(reasons.filter((r) => r === 'QueueFull')).toHaveLength(2);
    expect(reasons.filter((r) => r === 'QueueTimeout')).toHaveLength(4);
    expect(reasons.filter((r) => r === 'served')).toHaveLength(2);
    for (const a of answers)
      expect(a.headers['x-towpath-not-reached']).toBe(a.status === 200 ? undefined : '1');
  });

  it('gives the place of a client that went away to the next', async () => {
    rig = await LocalRig.started({ queueLimit: 1 });
    const revision = await rig.ready(COUNTING, { concurrency: 1, maxInstances: 1 });
    // the first runs, of two beside it one waits and the other is refused; or they came in another order
    const { first, waiting, away } = await until(
      async () => {
        const [stays, away] = [new AbortController(), new AbortController()];
        const first = rig.get(revision, '/?ms=8000', stays.signal);
        const [one, other] = ['/left', '/beside'].map((path) => rig.get(revision, path, away.signal));
        const told = [first, one, other].map(async (of) => ({ of, answer: await of }));
        const { of, answer } = await Promise.race(told);
        if (of !== first && answer?.status === 503) return { first, waiting: of === one ? other : one, away };
        for (const attempt of [stays, away]) attempt.abort();
        await Promise.allSettled(told);
        return undefined;
      },
      { what: 'a full queue', deadlineMs: 30_000 },
    );
    away.abort();
    await expect(waiting).rejects.toThrow();
    const next = await until(async () => {
      const answer = await rig.get(revision, '/next');
      return answer.status === 200 ? answer : undefined;
    });
    expect(counted(next.body).path).toBe('/next');
    expect((await first).status).toBe(200);
  });

  it('keeps min instances, follows their change, and never changes a revision', async () => {
    rig = await LocalRig.started({ scaleWindowMs: 600 });
    const revision = rig.revision(COUNTING, { minInstances: 2 });
    await rig.apply(revision);
    await until(() => rig.instancesOf(revision) === 2);
    await rig.apply({ ...revision, minInstances: 0, concurrency: 1 });
    await rig.idle(revision);
    const answers = await Promise.all(repeat(5, () => rig.get(revision, '/?ms=300')));
    expect(Math.max(...answers.map((a) => counted(a.body).most))).toBe(5);
  });

  it('ends its requests before it goes with its revision', async () => {
    rig = await LocalRig.started();
    const revision = await rig.ready(COUNTING);
    const running = rig.get(revision, '/?ms=1000');
    await until(async () => counted((await rig.get(revision)).body).most === 2);
    await rig.remove();
    expect((await running).status).toBe(200);
    expect(rig.driver.instances()).toEqual([]);
    expect((await rig.get(revision)).status).toBe(404);
  });

  it('refuses to start in production', async () => {
    rig = new LocalRig();
    await expect(rig.newDriver('production').start()).rejects.toThrow('isolates nothing');
  });
});
