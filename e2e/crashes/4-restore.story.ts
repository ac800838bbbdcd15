import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crashRuns } from '../support/chance.js';
import { Tenant, sum } from '../support/tenant.js';
import { tow } from '../support/tow.js';
import { Traffic } from '../support/traffic.js';
import { until } from '../support/until.js';

interface Held {
  serviceId: string;
  name: string;
  released: boolean;
}

/** How old the copy is when it is put back: before a release ten minutes, longer than the broker remembers ids. */
const AGE_MS = crashRuns() > 1 ? 600_000 : 0;

const named = (name: string) => ({ template: { env: [{ name: 'NAME', value: name }] } });

describe('the database is put back to an older copy under traffic', () => {
  const file = path.join(tmpdir(), `towpath-story-${randomUUID()}.tar.gz`);
  afterAll(() => rmSync(file, { force: true }));

  it('reverts and deletes nothing without an operator’s word, fails no request, counts each request once', async () => {
    const tenant = await Tenant.create('restore');
    const admin = async (...args: string[]): Promise<string> => {
      const answer = await tow(tenant, 'admin', ...args, '--data', tenant.platform.dataDir, '--json');
      if (answer.code !== 0) throw new Error(answer.stderr);
      return answer.stdout;
    };
    const held = async (): Promise<Held[]> => JSON.parse(await admin('held')) as Held[];
    const nameOf = async (service: string): Promise<unknown> =>
      (await tenant.call(service, '/env?name=NAME')).json().value;

    for (const service of ['steady', 'moved', 'gone']) await tenant.mustDeploy(service, named('before'));
    const traffic = new Traffic([tenant], ['steady', 'moved']);
    await tenant.usageOf('steady', 10);
    await admin('backup', '--output', file);
    const copiedAt = Date.now();

    await tenant.mustDeploy('moved', named('after'));
    await tenant.mustDeploy('fresh', named('fresh'));
    expect(await tenant.api.change('DELETE', tenant.at('gone'))).toMatchObject({ status: 'succeeded' });
    // taken in and acknowledged after the copy: the rows put back lack them
    await tenant.usageOf('steady', 40);
    const ageMs = (): number => Date.now() - copiedAt;
    await until('the copy to be old', AGE_MS + 1_000, () => Promise.resolve(ageMs() >= AGE_MS));
    console.log(`the copy is ${Math.round(ageMs() / 1_000)} s old`);
    await admin('restore', file, '--yes');

    const standing = await until('held services are listed', 60_000, async () => {
      const list = await held();
      return ['gone', 'moved', 'fresh'].every((name) => list.some((one) => one.name === name)) && list;
    });
    expect(standing.every(({ released }) => !released)).toBe(true);
    expect(standing.some(({ name }) => name === 'steady')).toBe(false);
    expect([await nameOf('moved'), await nameOf('fresh')]).toEqual(['after', 'fresh']);
    expect((await tenant.call('gone')).status).toBe(404);

    // what is not held goes on as ever; what is held says why not
    await tenant.mustDeploy('steady', named('again'));
    expect(await nameOf('steady')).toBe('again');
    expect(await tenant.deploy('moved', named('refused'))).toMatchObject({
      status: 'failed',
      error: { code: 'FAILED_PRECONDITION' },
    });
    expect(await nameOf('moved')).toBe('after');

    await traffic.stop();
    expect(traffic.failed).toEqual([]);
    // besides the lane: the question for its name
    const sent = (traffic.sent.get('steady') ?? 0) + 1;
    await tenant.usageOf('steady', sent, 60_000);
    expect(sum(await tenant.usage('steady'), 'requests')).toBe(BigInt(sent));

    const moved = standing.find(({ name }) => name === 'moved')?.serviceId ?? '';
    await admin('held', '--release', moved);
    await until(
      'the rows count again',
      60_000,
      async () => !(await held()).some(({ name }) => name === 'moved'),
    );
    await tenant.mustDeploy('moved', named('at last'));
    expect(await nameOf('moved')).toBe('at last');
    expect(await nameOf('fresh')).toBe('fresh');
  });
});
