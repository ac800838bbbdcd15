import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { HubInside } from '../support/hub.inside.js';
import { Storm } from '../support/invariants.js';
import { Tenant, platform, sum } from '../support/tenant.js';
import { until } from '../support/until.js';

/** The hub looks every 5 s, identity every 15 s. */
const REBUILT_MS = 60_000;

const shownWholly = (inside: HubInside, what: string): Promise<true> =>
  until(what, REBUILT_MS, async () => {
    const missing = await inside.notShown();
    if (missing.length > 0) throw new Error(missing.join(', '));
    return true;
  });

describe('what agents and gateways are shown is taken away under traffic', () => {
  it('targets, routes and callers’ keys are written again from the rows; no request fails, no deploy is lost', async () => {
    const storm = await Storm.begin('projections');
    const { faults, deploys } = storm;
    await storm.through(async () => {
      const inside = await HubInside.open(platform(), faults);
      try {
        for (const stream of await inside.projections())
          for (const how of ['emptied', 'deleted'] as const) {
            faults.note(`${stream} ${how}`);
            const began = Date.now();
            await inside.lose(stream, how);
            await shownWholly(inside, `${stream}, ${how}, to be written again`);
            console.log(`${stream} ${how}: whole again after ${Date.now() - began} ms`);
            await deploys.more(2);
          }
      } finally {
        await inside.close();
      }
      await storm.settle();
      expect(storm.failed).toEqual([]);
    });
  });

  it('all of JetStream is lost: the rows bring everything back', async () => {
    const tenant = await Tenant.create('lost');
    await tenant.mustDeploy('kept');
    expect((await tenant.call('kept')).status).toBe(200);
    await tenant.usageOf('kept', 1);
    const storm = await Storm.begin('loss', { moving: ['moving'] });
    await storm.deploys.stop();
    await storm.traffic.stop();
    const { faults } = storm;
    const store = path.join(platform().dataDir, 'nats', 'jetstream');
    await storm.through(async () => {
      const nats = faults.pid('nats');
      await faults.while('nats', 'loses its store', (pid) => {
        for (const name of readdirSync(store)) rmSync(path.join(store, name), { recursive: true });
        process.kill(pid, 'SIGKILL');
      });
      await faults.replaced('nats', nats);
      await faults.serves('nats');
      expect((await tenant.call('kept')).status).toBe(200);
      const inside = await HubInside.open(platform(), faults);
      await shownWholly(inside, 'everything to be shown again').finally(() => inside.close());
      await tenant.mustDeploy('kept', { template: { env: [{ name: 'NAME', value: 'after' }] } });
      expect((await tenant.call('kept', '/env?name=NAME')).json().value).toBe('after');
      await tenant.usageOf('kept', 3, REBUILT_MS);
      expect(sum(await tenant.usage('kept'), 'requests')).toBe(3n);
    });
  });
});
