import { ApiRig } from '../api.rig.js';

let rig: ApiRig;
let key: string;

beforeAll(async () => {
  rig = await ApiRig.start();
  key = (await rig.tenant()).key;
}, 60_000);
afterAll(() => rig.stop());

const post = (url: string, body: unknown, idempotencyKey: string, by = key): ReturnType<ApiRig['call']> =>
  rig.call('POST', url, { key: by, body, headers: { 'idempotency-key': idempotencyKey } });

describe('Idempotency-Key', () => {
  it('gives the same answer again and does the work once', async () => {
    const first = await post('/v1/projects', { name: 'shop', handle: 'shop-a' }, 'one');
    const again = await post('/v1/projects', { handle: 'shop-a', name: 'shop' }, 'one');
    expect(first.status).toBe(201);
    expect([again.status, again.json]).toEqual([first.status, first.json]);
    const list = await rig.call('GET', '/v1/projects', { key });
    expect(list.json['items']).toHaveLength(1);
  });

  it('is refused for another body, and free for another caller', async () => {
    await post('/v1/projects', { name: 'b', handle: 'b-a' }, 'two');
    expect((await post('/v1/projects', { name: 'c' }, 'two')).json['code']).toBe('IDEMPOTENCY_CONFLICT');
    expect((await post('/v1/keys', { name: 'c', role: 'viewer' }, 'two')).json['code']).toBe(
      'IDEMPOTENCY_CONFLICT',
    );
    const other = (await rig.tenant()).key;
    expect((await post('/v1/projects', { name: 'c' }, 'two', other)).status).toBe(201);
  });

  it('is not used up by a request that was refused', async () => {
    expect((await post('/v1/projects', { name: 'Bad Name' }, 'three')).status).toBe(400);
    expect((await post('/v1/projects', { name: 'good' }, 'three')).status).toBe(201);
  });

  it('does the work once when the same request comes many times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post('/v1/projects', { name: 'many' }, 'four')),
    );
    const made = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status === 409);
    expect(made.length + refused.length).toBe(8);
    expect(new Set(made.map(({ json }) => json['id'])).size).toBe(1);
    for (const { json } of refused) expect(json['code']).toBe('IDEMPOTENCY_CONFLICT');
    // Nobody who asks again holds up another.
    const again = await Promise.all(
      Array.from({ length: 8 }, () => post('/v1/projects', { name: 'many' }, 'four')),
    );
    expect(again.map(({ status }) => status)).toEqual(again.map(() => 201));
    const list = await rig.call('GET', '/v1/projects', { key });
    expect((list.json['items'] as { name: string }[]).filter(({ name }) => name === 'many')).toHaveLength(1);
  });

  it('gives a new API key again, and keeps its text nowhere in the clear', async () => {
    const first = await post('/v1/keys', { name: 'ci', role: 'developer' }, 'five');
    const again = await post('/v1/keys', { name: 'ci', role: 'developer' }, 'five');
    expect(again.json).toEqual(first.json);
    expect(String(first.json['secret'])).toMatch(/^tow_/);
    expect(await rig.dump()).not.toContain(String(first.json['secret']));
  });

  it('works through GraphQL', async () => {
    const mutation = `mutation ($input: CreateProjectInput!, $key: String) {
      createProject(input: $input, idempotencyKey: $key) { id } }`;
    const variables = { input: { name: 'graph' }, key: 'six' };
    const first = await rig.graphql(key, mutation, variables);
    expect((await rig.graphql(key, mutation, variables)).data).toEqual(first.data);
  });

  it.each(['', 'a b', 'x'.repeat(256)])('%j is no key', async (bad) => {
    const answer = await post('/v1/projects', { name: 'bad' }, bad);
    expect(answer.json['code']).toBe('INVALID_ARGUMENT');
  });
});
