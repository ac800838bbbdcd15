import { renameSync, writeFileSync } from 'node:fs';
import { TestAuthority, until } from '#libs/testing';
import { ask } from '../testing/ask.js';
import { askTls } from '../testing/ask-tls.js';
import { certificateFor } from '../testing/certificates.rig.js';
import { GatewayLab } from '../testing/gateway.rig.js';
import { testBackend, testRoute } from '../testing/routes.js';

const HOST = 'hello--p.localhost';

describe('a gateway with HTTPS', () => {
  let lab: GatewayLab;
  let authority: TestAuthority;

  const restart = async (more?: Record<string, string>): Promise<void> => {
    await lab.stopEnvoy();
    await lab.stopGateway();
    await lab.startGateway(more);
    await lab.startEnvoy();
  };
  const call = (host = HOST) => askTls({ port: lab.ports.tls, host, ca: authority.root });
  const serve = (host: string, version: number): Promise<number> => {
    const doors = [
      { clusterId: 'cls_00000000000000000001' as const, door: { host: '127.0.0.1', port: lab.ingress.port } },
    ];
    return lab.show(testRoute(host, version, [testBackend(1, 100, { doors })]));
  };
  const answered = (host: string): Promise<Awaited<ReturnType<typeof call>>> =>
    until(() => call(host).then((answer) => (answer.status === 200 ? answer : undefined)), {
      what: `${host} over HTTPS`,
    });

  beforeAll(async () => {
    authority = await TestAuthority.make();
    lab = await GatewayLab.start(authority);
  }, 60_000);
  afterAll(() => lab.stop(), 30_000);

  it('gets a certificate for a host as soon as it has a route, and meters what comes over TLS', async () => {
    await serve(HOST, 1);
    const answer = await answered(HOST);
    expect(authority.asked).toEqual([HOST]);
    const id = String(answer.headers['x-request-id']);
    await until(() => lab.records.some(({ streamId }) => streamId === id), { what: 'its record' });
  });

  it('serves the same certificate after a restart without any hub', async () => {
    const { serial } = await call();
    authority.hold();
    lab.wire.cut();
    await restart();
    expect((await call()).serial).toBe(serial);
    lab.wire.mend();
    authority.release();
  });

  it('redirects HTTP to HTTPS when it is told to, and not otherwise', async () => {
    const plain = {
      port: lab.ports.listen,
      host: `${HOST}:${lab.ports.listen}`,
      path: '/a?b=c',
      method: 'POST',
    };
    expect((await ask({ ...plain, host: HOST })).status).toBe(200);
    await restart({ TOWPATH_HTTPS_REDIRECT: 'on' });
    const redirected = await ask(plain);
    expect(redirected.status).toBe(308);
    expect(redirected.headers.location).toBe(`https://${HOST}:${lab.ports.tls}/a?b=c`);
    expect((await call()).status).toBe(200);
  });

  it("serves the operator's own certificate, and the next one without a restart", async () => {
    const files = {
      TOWPATH_TLS_CERTIFICATE_FILE: lab.file('operator.pem'),
      TOWPATH_TLS_KEY_FILE: lab.file('operator.key'),
    };
    const supply = async (): Promise<string> => {
      const { chain, key, serial } = await certificateFor(authority, HOST);
      writeFileSync(`${files.TOWPATH_TLS_KEY_FILE}.new`, key);
      writeFileSync(`${files.TOWPATH_TLS_CERTIFICATE_FILE}.new`, chain);
      for (const file of Object.values(files)) renameSync(`${file}.new`, file);
      return serial;
    };
    const first = await supply();
    await restart(files);
    const before = authority.asked.length;
    expect((await call()).serial).toBe(first);
    const second = await supply();
    await until(async () => (await call()).serial === second, {
      what: 'the next certificate',
      deadlineMs: 30_000,
    });
    await serve('other--p.localhost', 1);
    await expect(call('other--p.localhost')).rejects.toThrow(/handshake failure/);
    expect(authority.asked.length).toBe(before + 1);
  });
});
