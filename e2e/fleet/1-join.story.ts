import { Api } from '../support/api.js';
import type { ClusterJson, List } from '../support/faces.js';
import { Joined } from '../support/joining.js';
import { platform } from '../support/tenant.js';
import { until } from '../support/until.js';

describe('joining a cluster', () => {
  const at = platform();
  const operator = new Api(at.apiUrl, at.operatorKey);
  const running: Joined[] = [];
  afterAll(async () => {
    await Promise.all(running.map((one) => one.end()));
  });

  function join(name: string, folder: string, token: string): Joined {
    const one = Joined.begin(at, name, { folder, token });
    running.push(one);
    return one;
  }

  const refused = (name: string, folder: string, token: string): Promise<string> =>
    join(name, folder, token).refused();

  const clusters = async (): Promise<ClusterJson[]> =>
    (await operator.ok<List<ClusterJson>>('GET', '/v1/clusters')).items;

  it('each local one has a region of its own and answers', async () => {
    await until('all answer', 60_000, async () => {
      const ready = (await clusters()).filter(({ conditions }) =>
        conditions.every(({ status }) => status === 'true'),
      );
      const regions = ready.map(({ region }) => region);
      // the fourth is emptied and removed by a story
      return ['local', 'local-2', 'local-3'].every((region) => regions.includes(region));
    });
  });

  it('lets one agent in by a token, and says of every other why not', async () => {
    const made = await operator.ok<ClusterJson>('POST', '/v1/clusters', {
      name: 'north',
      region: 'north',
      runtime: 'local',
    });
    const other = await operator.ok<ClusterJson>('POST', '/v1/clusters', { name: 'other', runtime: 'local' });
    const token = async (of: string): Promise<string> =>
      (await operator.ok<{ token: string }>('POST', `/v1/clusters/${of}/join-tokens`, {})).token;
    const foreign = await token(other.name);
    expect(await refused('north', 'foreign', foreign)).toContain('belongs to another cluster');
    expect(await refused('north', 'unknown', `towj_${'0'.repeat(64)}`)).toContain(
      'The join token is unknown.',
    );
    const used = await token(made.id);
    const agent = join('north', 'north', used);
    await agent.works();
    expect(await refused('north', 'again', used)).toContain('The join token was used.');
    await until('it answers', 60_000, async () => {
      const one = await operator.ok<ClusterJson>('GET', '/v1/clusters/north');
      return one.conditions.every(({ status }) => status === 'true');
    });
    for (const name of ['north', 'other']) {
      await operator.ok('POST', `/v1/clusters/${name}/cordon`, {});
      await operator.ok('DELETE', `/v1/clusters/${name}`);
    }
    await agent.end();
    const names = (await clusters()).map(({ name }) => name);
    expect(names.filter((name) => ['north', 'other'].includes(name))).toEqual([]);
  }, 300_000);
});
