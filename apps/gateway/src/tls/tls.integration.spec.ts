import { TestAuthority, temporaryFolder, until } from '#libs/testing';
import type { TemporaryFolder } from '#libs/testing';
import { ask } from '../testing/ask.js';
import type { Answer } from '../testing/ask.js';
import { askH2Tls, askOn, askTls, handshake } from '../testing/ask-tls.js';
import type { TlsQuestion } from '../testing/ask-tls.js';
import { certificateFor } from '../testing/certificates.rig.js';
import { startEdge } from '../testing/edge.rig.js';
import type { Edge } from '../testing/edge.rig.js';
import { startIngress } from '../testing/ingress.js';
import type { Seen, TestIngress } from '../testing/ingress.js';
import { testBackend, testRoute } from '../testing/routes.js';
import type { XdsServer } from '../xds/xds.server.js';
import type { Certificate } from './certificate.js';
import { CertificateIndex } from './certificate.index.js';

const PLACES = ['a', 'b', 'grpc', 'late'].map((name) => `${name}--p.lab.test`);
const [A, B, GRPC, LATE] = PLACES as [string, string, string, string];

describe('HTTPS with certificates on demand, by a real Envoy', () => {
  let folder: TemporaryFolder;
  let authority: TestAuthority;
  let ingress: TestIngress;
  let edge: Edge;
  let xds: XdsServer;
  let refused: string[];
  let ports: { http: number; tls: number; admin: number };
  const index = new CertificateIndex();
  const coming = new Set<string>();

  const issue = async (name: string): Promise<void> => {
    index.put(await certificateFor(authority, name));
    coming.delete(name);
    xds.certificatesChanged();
  };
  const question = (host: string, more: Partial<TlsQuestion> = {}): TlsQuestion => ({
    port: ports.tls,
    host,
    ca: authority.root,
    ...more,
  });
  const stats = async (filter: string): Promise<Record<string, number>> => {
    const answer = await fetch(`http://127.0.0.1:${ports.admin}/stats?filter=${filter}`);
    const lines = (await answer.text()).trim().split('\n').filter(Boolean);
    return Object.fromEntries(
      lines.map((line) => {
        const [name = '', value] = line.split(': ');
        return [name, Number(value)];
      }),
    );
  };

  beforeAll(async () => {
    folder = temporaryFolder();
    authority = await TestAuthority.make();
    ingress = await startIngress();
    const doors = [
      { clusterId: 'cls_00000000000000000001' as const, door: { host: '127.0.0.1', port: ingress.port } },
    ];
    edge = await startEdge(folder.path, {
      certificates: (name) => index.covering(name) ?? (coming.has(name) ? 'coming' : undefined),
      fill: (desired) => {
        for (const host of PLACES) {
          const protocol = host === GRPC ? 'h2c' : 'http1';
          desired.apply(testRoute(host, 1, [testBackend(1, 100, { doors, protocol })]));
        }
      },
    });
    ({ ports, refused, xds } = edge);
    for (const host of [A, B, GRPC]) await issue(host);
  }, 60_000);

  afterAll(async () => {
    await edge.stop();
    await ingress.close();
    folder.remove();
  }, 30_000);

  it('serves each name by its own certificate, over HTTP/1.1, HTTP/2 and gRPC', async () => {
    const answer = await askTls(question(A));
    expect([answer.status, answer.serial]).toEqual([200, index.of(A)?.serial]);
    expect((await askTls(question(B))).serial).toBe(index.of(B)?.serial);
    const grpc = await askH2Tls(question(GRPC));
    expect(grpc).toMatchObject({ status: 200, trailers: { 'grpc-status': '5' } });
  });

  it('tells the service how the caller came, whatever the caller says', async () => {
    const forged = { headers: { 'x-forwarded-proto': 'gopher' } };
    const over = async (answer: Promise<Answer>): Promise<unknown> =>
      (JSON.parse((await answer).body) as Seen).headers['x-forwarded-proto'];
    expect(await over(askTls(question(A, forged)))).toBe('https');
    expect(await over(ask({ port: ports.http, host: A, ...forged }))).toBe('http');
  });

  it('takes a new name without a change of the listener, and no open connection ends', async () => {
    const before = await stats('listener_manager');
    const open = await handshake(question(A));
    await expect(handshake(question(LATE))).rejects.toThrow();
    await issue(LATE);
    expect((await askTls(question(LATE))).status).toBe(200);
    expect(await stats('listener_manager')).toEqual(before);
    expect((await askOn(open, { host: A })).status).toBe(200);
  });

  it.each([
    ['TLSv1.3', 'TLSv1.3'],
    ['TLSv1.2', 'TLSv1.2'],
  ] as const)('speaks %s', async (_name, maxVersion) => {
    const socket = await handshake(question(A, { tls: { maxVersion } }));
    expect(socket.getProtocol()).toBe(maxVersion);
    socket.destroy();
  });

  it.each(['TLSv1.1', 'TLSv1'] as const)('refuses %s', async (version) => {
    const tls = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
    await expect(handshake(question(A, { tls }))).rejects.toThrow(/alert protocol version/);
  });

  it.each([
    ['a name without a certificate', 'nobody--p.lab.test'],
    ['a name that is no host', '*.lab.test'],
    ['no name', ''],
  ])('refuses the handshake of %s at once', async (_what, sni) => {
    await expect(handshake(question(A, { sni }))).rejects.toThrow(/handshake failure/);
  });

  it('takes a name in any case', async () => {
    expect((await askTls(question(A, { sni: A.toUpperCase() }))).serial).toBe(index.of(A)?.serial);
  });

  it('routes by the Host alone: browsers use one connection for all names of a certificate', async () => {
    await issue('*.lab.test');
    const socket = await handshake(question(A, { sni: 'unknown--p.lab.test' }));
    expect(socket.getPeerCertificate().subjectaltname).toBe('DNS:*.lab.test');
    const seen = JSON.parse((await askOn(socket, { host: B })).body) as Seen;
    expect(seen.headers['x-forwarded-host']).toBe(B);
    expect((await askTls(question(A, { host: 'nobody--p.lab.test', sni: A }))).status).toBe(404);
    index.drop('*.lab.test');
    xds.certificatesChanged();
  });

  it('waits for a certificate that is coming, not for ever, and nobody else waits', async () => {
    coming.add('slow--p.lab.test').add('never--p.lab.test');
    const slow = handshake(question('slow--p.lab.test'));
    const never = expect(handshake(question('never--p.lab.test'))).rejects.toThrow(/closed|disconnected/);
    expect((await askTls(question(A))).status).toBe(200);
    await issue('slow--p.lab.test');
    expect((await slow).authorized).toBe(true);
    await never;
    const { sni_timeouts } = { sni_timeouts: await stats('transport_socket_connect_timeout') };
    expect(Object.values(sni_timeouts).reduce((sum, value) => sum + value, 0)).toBe(1);
  });

  it('is not filled by names that nobody has', async () => {
    const names = Array.from({ length: 2_000 }, (_, at) => `flood-${at}.lab.test`);
    const flood = async (): Promise<void> => {
      for (let name = names.pop(); name !== undefined; name = names.pop())
        await handshake(question(A, { sni: name })).catch(() => undefined);
    };
    await Promise.all([flood(), flood(), flood(), flood()]);
    const active = await stats('on_demand_secret.cert_active');
    expect(Object.values(active)[0]).toBeLessThan(10);
    expect(Object.keys(await stats('sds.flood'))).toEqual([]);
    expect((await askTls(question(A))).status).toBe(200);
  });

  it('goes on with the former certificate when Envoy refuses one', async () => {
    const good = index.of(B) as Certificate;
    index.put({ ...good, chain: good.chain.replace(/[A-Za-z]{4}/, 'AAAA'), version: 'bad', names: [B] });
    xds.certificatesChanged();
    await until(() => refused.some((one) => one.startsWith(B)), { what: 'the refusal' });
    expect((await askTls(question(B))).serial).toBe(good.serial);
    index.put(good);
  });

  it('rotates under load: no connection fails, and the new certificates are seen', async () => {
    const serials = new Map<string, number>();
    let stopped = false;
    const load = async (): Promise<void> => {
      while (!stopped) {
        const { status, serial } = await askTls(question(A));
        if (status !== 200) throw new Error(`answered ${status}`);
        serials.set(serial, (serials.get(serial) ?? 0) + 1);
      }
    };
    const callers = Array.from({ length: 8 }, load);
    const total = (): number => [...serials.values()].reduce((sum, count) => sum + count, 0);
    for (let rotation = 0; rotation < 10; rotation += 1) {
      await issue(A);
      const { serial } = index.of(A) as Certificate;
      await until(() => (serials.get(serial) ?? 0) >= 20, { what: 'calls served by the new certificate' });
    }
    stopped = true;
    await Promise.all(callers);
    expect(serials.size).toBeGreaterThanOrEqual(10);
    process.stdout.write(`rotation: ${total()} connections, ${serials.size} certificates, 0 failed\n`);
  });
});
