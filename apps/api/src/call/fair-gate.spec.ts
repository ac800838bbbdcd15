import { Metrics } from '#libs/process';
import { SteppedClock } from '#libs/testing';
import { FairGate } from './fair-gate.js';

const limits = { width: 2, each: 1, waiting: 2, perSecond: 100_000, deploysPerMinute: 1_200 };

/** Work that ends when told, in the order in which it was let in. */
function rig() {
  const gate = new FairGate(limits, new SteppedClock(), new Metrics());
  const started: string[] = [];
  const ends: (() => void)[] = [];
  const bring = (tenant: string, name: string): Promise<string> =>
    gate.run(tenant, () => {
      started.push(name);
      return new Promise((resolve) => ends.push(() => resolve(name)));
    });
  return { started, ends, bring };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the gate before the database', () => {
  it('lets an organization that comes later pass one that holds its share', async () => {
    const { started, ends, bring } = rig();
    const all = [bring('a', 'a1'), bring('a', 'a2'), bring('b', 'b1')];
    await turn();
    expect(started).toEqual(['a1', 'b1']);
    ends[0]?.();
    await turn();
    expect(started).toEqual(['a1', 'b1', 'a2']);
    for (const end of ends) end();
    expect(await Promise.all(all)).toEqual(['a1', 'a2', 'b1']);
  });

  it('refuses what the line of an organization does not hold, says when to come again, and nobody else notices', async () => {
    const { bring, ends, started } = rig();
    const kept = [bring('a', 'a1'), bring('a', 'a2'), bring('a', 'a3')];
    await expect(bring('a', 'a4')).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 1 });
    kept.push(bring('b', 'b1'));
    while (started.length < kept.length || ends.length > 0) {
      ends.shift()?.();
      await turn();
    }
    expect(await Promise.all(kept)).toHaveLength(4);
  });

  it('holds back what comes faster than the rate of an organization, and then refuses', async () => {
    const gate = new FairGate({ ...limits, perSecond: 50 }, new SteppedClock(), new Metrics());
    const ask = (tenant: string): Promise<string> => gate.run(tenant, () => Promise.resolve('well'));
    for (let index = 0; index < 100; index += 1) expect(await ask('a')).toBe('well');
    const held = [ask('a'), ask('a')];
    await expect(ask('a')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(await ask('b')).toBe('well');
    expect(await Promise.all(held)).toEqual(['well', 'well']);
  });

  it('holds back deploys that come faster than theirs, then refuses them, and nothing else', async () => {
    const gate = new FairGate({ ...limits, deploysPerMinute: 600 }, new SteppedClock(), new Metrics());
    const ask = (isDeploy: boolean, tenant = 'a'): Promise<string> =>
      gate.run(tenant, () => Promise.resolve('well'), isDeploy);
    expect(await ask(true)).toBe('well');
    const held = Array.from({ length: 100 }, () => ask(true).catch((error: Error) => error.message));
    await expect(ask(true)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 10 });
    expect([await ask(false), await ask(true, 'b')]).toEqual(['well', 'well']);
    expect(await held[0]).toBe('well');
  });

  it('lets who is refused and comes again at once wait for each further refusal', async () => {
    const gate = new FairGate({ ...limits, deploysPerMinute: 600 }, new SteppedClock(), new Metrics());
    let refused = 0;
    const ask = (): Promise<unknown> =>
      gate.run('a', () => Promise.resolve(), true).catch(() => (refused += 1));
    const held = Array.from({ length: 101 }, ask);
    const began = performance.now();
    await Promise.all(Array.from({ length: 30 }, ask));
    expect(refused).toBe(30);
    // the line of refusals holds as many as that of transactions: two, each for 100 ms more
    expect(performance.now() - began).toBeGreaterThan(150);
    await held[0];
  });

  it('gives the turn back when work fails', async () => {
    const gate = new FairGate(limits, new SteppedClock(), new Metrics());
    await expect(gate.run('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await gate.run('a', () => Promise.resolve('well'))).toBe('well');
  });
});
