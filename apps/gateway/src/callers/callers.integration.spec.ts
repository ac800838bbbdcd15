import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { API_AUDIENCE, REQUEST_HEADERS, TOKEN_ISSUER } from '#libs/domain';
import { forgedTokens, temporaryFolder, until } from '#libs/testing';
import { ask } from '../testing/ask.js';
import type { Answer } from '../testing/ask.js';
import { startEdge } from '../testing/edge.rig.js';
import type { Edge } from '../testing/edge.rig.js';
import { startIngress } from '../testing/ingress.js';
import type { Seen, TestIngress } from '../testing/ingress.js';
import { testBackend, testRoute } from '../testing/routes.js';

const AUDIENCE = 'https://secret--p.lab';
const HOSTS = ['secret--p.lab', 'canary---secret--p.lab'];
const [HOST, TAGGED] = HOSTS as [string, string];
const MINUTES = 60;

interface Signer {
  kid: string;
  key: KeyObject;
  jwk: object;
}

function signer(kid: string): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'EdDSA', use: 'sig' };
  return { kid, key: privateKey, jwk };
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const seconds = (): number => Math.floor(Date.now() / 1000);
const claims = (more: object = {}): object => ({
  iss: TOKEN_ISSUER,
  sub: 'key_00000000000000000001',
  aud: AUDIENCE,
  iat: seconds(),
  exp: seconds() + 10 * MINUTES,
  ...more,
});
function token({ kid, key }: Signer, payload = claims(), header: object = {}): string {
  const start = `${part({ alg: 'EdDSA', kid, ...header })}.${part(payload)}`;
  return `${start}.${sign(null, Buffer.from(start), key).toString('base64url')}`;
}

describe('private services, checked by a real Envoy', () => {
  const folder = temporaryFolder();
  const ours = signer('ours');
  const next = signer('next');
  const foreign = signer('ours');
  let keys: Signer[] = [];
  let edge: Edge;
  let ingress: TestIngress;

  const get = (authorization?: string, host = HOST, path = '/'): Promise<Answer> =>
    ask({ port: edge.ports.http, host, path, ...(authorization ? { headers: { authorization } } : {}) });
  const bearing = (text: string, host = HOST): Promise<Answer> => get(`Bearer ${text}`, host);
  const publish = (...signers: Signer[]): void => {
    keys = signers;
    edge.xds.callerKeysChanged();
  };

  beforeAll(async () => {
    ingress = await startIngress();
    const doors = [
      { clusterId: 'cls_00000000000000000001' as const, door: { host: '127.0.0.1', port: ingress.port } },
    ];
    const route = (host: string, more: object) => testRoute(host, 1, [testBackend(1, 100, { doors })], more);
    edge = await startEdge(folder.path, {
      callerKeys: () =>
        keys.length === 0 ? undefined : JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }),
      fill: (desired) => {
        for (const host of HOSTS) desired.apply(route(host, { access: 'private', audience: AUDIENCE }));
        desired.apply(route('other--p.lab', { access: 'private', audience: 'https://other--p.lab' }));
        desired.apply(route('old--p.lab', { access: 'private' }));
        desired.apply(route('open--p.lab', {}));
      },
    });
    await until(async () => (await get(undefined, 'open--p.lab')).status === 200, {
      what: 'the public host',
    });
  }, 60_000);

  afterAll(async () => {
    await edge.stop();
    await ingress.close();
    folder.remove();
  });

  it('let nobody in before the keys have come, then whoever has a token, at every host of the service', async () => {
    const good = token(ours);
    expect((await bearing(good)).status).toBe(401);
    publish(ours);
    await until(async () => (await bearing(good)).status === 200, { what: 'the keys in Envoy' });
    expect((await bearing(good, TAGGED)).status).toBe(200);
    expect(edge.refused).toEqual([]);
  });

  it('let nobody in by writing the host in another case', async () => {
    for (const host of [HOST.toUpperCase(), 'Secret--p.lab:80', TAGGED.toUpperCase()])
      expect([host, (await get(undefined, host)).status]).toEqual([host, 308]);
  });

  it('keep the token and tell the instance who calls; nobody can forge that', async () => {
    const headers = { authorization: `Bearer ${token(ours)}`, [REQUEST_HEADERS.caller]: 'forged' };
    const answer = await ask({ port: edge.ports.http, host: HOST, headers });
    const seen = (JSON.parse(answer.body) as Seen).headers;
    expect(seen['authorization']).toBeUndefined();
    const told = JSON.parse(
      Buffer.from(String(seen[REQUEST_HEADERS.caller]), 'base64url').toString(),
    ) as object;
    expect(told).toMatchObject({ sub: 'key_00000000000000000001', aud: AUDIENCE });
    const open = await ask({ port: edge.ports.http, host: 'open--p.lab', headers: { ...headers } });
    const passed = (JSON.parse(open.body) as Seen).headers;
    expect(passed[REQUEST_HEADERS.caller]).toBeUndefined();
    expect(passed['authorization']).toBe(headers.authorization);
  });

  it('say what is wrong and what to do', async () => {
    const none = await get();
    expect(none.status).toBe(401);
    expect(none.headers['www-authenticate']).toContain('Bearer');
    expect(JSON.parse(none.body)).toMatchObject({
      code: 'UNAUTHENTICATED',
      requestId: expect.any(String) as string,
    });
    const other = await bearing(token(ours), 'other--p.lab');
    expect(other.status).toBe(403);
    expect(JSON.parse(other.body)).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect((await bearing(token(ours), 'old--p.lab')).status).toBe(403);
  });

  it('take no forged, foreign, expired, early or torn token', async () => {
    const good = token(ours);
    const [head = '', body = '', signature = ''] = good.split('.');
    const hmac = (alg: string): string => {
      const start = `${part({ alg, kid: 'ours' })}.${part(claims())}`;
      const secret = JSON.stringify(ours.jwk);
      return `${start}.${createHmac('sha256', secret).update(start).digest('base64url')}`;
    };
    const algorithms = [
      'none',
      'None',
      'NONE',
      '',
      'HS256',
      'HS512',
      'RS256',
      'PS256',
      'ES256',
      'ES512',
      'XX',
    ];
    const places = { jku: 'http://127.0.0.1:1/k', x5u: 'http://127.0.0.1:1/c', jwk: foreign.jwk };
    const kids = ['', 'none', '../ours', 'ours\u0000', 'OURS', 'next', '*'];
    const audiences = ['', 'secret--p.lab', `${AUDIENCE}/`, [AUDIENCE, 'x'], {}, null, 1, `${AUDIENCE}.evil`];
    const header = { alg: 'EdDSA', kid: 'ours' };
    const generated = forgedTokens({
      text: good,
      key: ours.key,
      header,
      claims: claims() as Record<string, unknown>,
    });
    const forged: string[] = [
      // Envoy does not look for what a header calls critical; only identity could sign such a one.
      ...generated.filter(([name]) => !/critical|unencoded/.test(name)).map(([, text]) => text),
      token(ours, claims({ aud: API_AUDIENCE, org: 'org_0', sid: 'ses_0' })),
      ...algorithms.flatMap((alg) => [
        `${part({ alg, kid: 'ours' })}.${body}.`,
        `${part({ alg, kid: 'ours' })}.${body}.${signature}`,
        `${part({ alg })}.${body}.${signature}`,
        hmac(alg),
      ]),
      ...Object.entries(places).flatMap(([name, value]) => [
        token(foreign, claims(), { [name]: value }),
        token({ ...foreign, kid: 'theirs' }, claims(), { [name]: value }),
      ]),
      ...kids.flatMap((kid) => [
        token({ ...foreign, kid }),
        token({ ...foreign, kid }, claims({ sub: 'usr_0' })),
      ]),
      token(foreign),
      token(next),
      ...[-1, -60, -3600, -86_400].map((ago) => token(ours, claims({ exp: seconds() + ago - 10 }))),
      ...[60, 3600].map((ahead) => token(ours, claims({ nbf: seconds() + ahead }))),
      token(ours, { ...claims(), exp: undefined }),
      ...['', 'https://evil', `${TOKEN_ISSUER}x`, null].map((iss) => token(ours, claims({ iss }))),
      ...audiences.map((aud) => token(ours, claims({ aud }))),
      token(ours, { ...claims(), aud: undefined }),
      ...Array.from({ length: 60 }, (_one, index) => good.slice(0, Math.floor((good.length * index) / 60))),
      ...Array.from({ length: 60 }, (_one, index) => {
        const at = Math.floor((good.length * index) / 60);
        return `${good.slice(0, at)}${good[at] === 'A' ? 'B' : 'A'}${good.slice(at + 1)}`;
      }),
      `${head}.${body}.${signature}.${signature}`,
      `${head}.${body}`,
      'tow_0000000000000000000000000000000000000000000000000',
      '....',
    ].filter((text) => text !== good);
    const entered: string[] = [];
    for (const text of forged) {
      const { status } = await bearing(text);
      if (status !== 401 && status !== 403) entered.push(`${status} ${text}`);
    }
    expect(entered).toEqual([]);
    expect(forged.length).toBeGreaterThan(500);
    console.log(`${forged.length} forged tokens, ${entered.length} accepted`);
  }, 60_000);

  it('look for a token in the header only', async () => {
    expect((await get(undefined, HOST, `/?access_token=${token(ours)}`)).status).toBe(401);
    expect((await get(`Basic ${token(ours)}`)).status).toBe(401);
    expect((await get(token(ours))).status).toBe(401);
  });

  it('change keys under load without a failed request and without a change of a listener', async () => {
    const stat = async (): Promise<string> => {
      const answer = await fetch(`http://127.0.0.1:${edge.ports.admin}/stats?filter=listener_manager`);
      return answer.text();
    };
    const before = await stat();
    let [asked, running] = [0, true];
    const failed: number[] = [];
    const work = async (by: Signer): Promise<void> => {
      while (running) {
        const { status } = await bearing(token(by));
        asked += 1;
        if (status !== 200) failed.push(status);
      }
    };
    const first = [work(ours), work(ours)];
    for (let turn = 0; turn < 5; turn += 1) {
      publish(ours, signer(`turn-${turn}`));
      await until(async () => (await bearing(token(keys[1] as Signer))).status === 200, {
        what: 'the new key',
      });
      const more = asked + 10;
      await until(() => asked >= more, { what: 'calls by the old key beside the new one' });
    }
    publish(ours, next);
    await until(async () => (await bearing(token(next))).status === 200, { what: 'the next key' });
    running = false;
    await Promise.all(first);
    publish(next);
    await until(async () => (await bearing(token(ours))).status === 401, { what: 'the old key gone' });
    expect(failed).toEqual([]);
    expect(await stat()).toBe(before);
  }, 60_000);
});
