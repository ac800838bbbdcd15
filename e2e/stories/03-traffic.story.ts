import http from 'node:http';
import { Tenant } from '../support/tenant.js';
import { until } from '../support/until.js';

const REQUESTS = 10_000;

describe('traffic: splits, tags, rollback', () => {
  let tenant: Tenant;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  beforeAll(async () => {
    tenant = await Tenant.create('traffic');
    await tenant.mustDeploy('probe', { template: { env: [{ name: 'GREETING', value: 'one' }] } });
    await tenant.api.change('PATCH', tenant.at('probe'), {
      template: { env: [{ name: 'GREETING', value: 'two' }] },
      noTraffic: true,
    });
  });
  afterAll(() => agent.destroy());

  it('keeps a revision deployed without traffic away from users', async () => {
    expect((await tenant.call('probe')).json().revision).toBe('probe-00001');
  });

  it(`lands 90/10 within 1.5 points over ${REQUESTS} requests`, async () => {
    const operation = await tenant.api.change('PUT', tenant.at('probe', '/traffic'), {
      traffic: [
        { revision: 'probe-00001', percent: 90 },
        { revision: 'probe-00002', percent: 10, tag: 'canary' },
      ],
    });
    expect(operation.status).toBe('succeeded');
    const seen = await spread(REQUESTS);
    expect([...seen.keys()].sort()).toEqual(['probe-00001', 'probe-00002']);
    const share = ((seen.get('probe-00002') ?? 0) * 100) / REQUESTS;
    expect(Math.abs(share - 10)).toBeLessThanOrEqual(1.5);
  });

  it('answers on the tag URL of a revision at 0 %, which runs nothing when idle', async () => {
    await tenant.api.change('PUT', tenant.at('probe', '/traffic'), {
      traffic: [
        { revision: 'probe-00001', percent: 100 },
        { revision: 'probe-00002', percent: 0, tag: 'canary' },
      ],
    });
    expect((await tenant.call('probe', '/', { tag: 'canary' })).json().revision).toBe('probe-00002');
    expect((await tenant.call('probe')).json().revision).toBe('probe-00001');
    await until('no instance of the tagged revision', 120_000, async () => {
      const revision = (await tenant.revisions('probe')).find((one) => one.name === 'probe-00002');
      return revision?.status.instances === 0;
    });
  });

  it('rolls back in one call with no failed request under constant load', async () => {
    await tenant.api.change('PUT', tenant.at('probe', '/traffic'), {
      traffic: [{ revision: 'probe-00002', percent: 100 }],
    });
    const load = constantLoad();
    const rolledBack = await tenant.api.change('POST', tenant.at('probe', '/rollback'), {});
    expect(rolledBack.status).toBe('succeeded');
    expect((await tenant.call('probe')).json().revision).toBe('probe-00001');
    const { answered, failed } = await load.stop();
    expect(failed).toEqual([]);
    expect(answered).toBeGreaterThan(0);
    const changes = await tenant.api.ok<{ items: { number: number }[] }>(
      'GET',
      tenant.at('probe', '/traffic/changes'),
    );
    expect(changes.items.length).toBeGreaterThanOrEqual(4);
  });

  async function spread(count: number): Promise<Map<string, number>> {
    const seen = new Map<string, number>();
    let left = count;
    const worker = async (): Promise<void> => {
      while (left-- > 0) {
        const { revision } = (await tenant.call('probe', '/', { agent })).json();
        seen.set(revision, (seen.get(revision) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    return seen;
  }

  function constantLoad(): { stop: () => Promise<{ answered: number; failed: string[] }> } {
    let going = true;
    let answered = 0;
    const failed: string[] = [];
    const worker = async (): Promise<void> => {
      while (going) {
        try {
          const answer = await tenant.call('probe', '/', { agent });
          if (answer.status === 200) answered += 1;
          else failed.push(`${answer.status} ${answer.text}`);
        } catch (error) {
          failed.push(String(error));
        }
      }
    };
    const workers = Promise.all(Array.from({ length: 4 }, worker));
    return {
      stop: async () => {
        going = false;
        await workers;
        return { answered, failed };
      },
    };
  }
});
