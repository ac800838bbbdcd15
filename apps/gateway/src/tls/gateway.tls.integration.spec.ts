import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  BILLING_CONSUMER,
  ROUTES_BUCKET,
  STREAMS,
  decode,
  ensureGatewayTopology,
  ensureHubTopology,
  gatewayPermissions,
  routeKey,
  routeSchema,
  usageBatchSchema,
} from '#libs/bus';
import type { Follower } from '#libs/bus';
import { Health, Metrics, createLogger, loadConfig, systemClock, systemRandom } from '#libs/process';
import { freePorts, startEnvoy, temporaryFolder, testNats, until } from '#libs/testing';
import type { TemporaryFolder, TestEnvoy, TestNats } from '#libs/testing';
import { gatewayConfig } from '../config.js';
import { Gateway } from '../gateway.js';
import { ask } from '../testing/ask.js';
import { askTls } from '../testing/ask-tls.js';
import { TestAuthority } from '../testing/authority.js';
import { startIngress } from '../testing/ingress.js';
import type { TestIngress } from '../testing/ingress.js';
import { CuttableWire, gatewayEnvironment, startJoining } from '../testing/lab.js';
import type { Closable } from '../testing/lab.js';
import { testBackend, testRoute } from '../testing/routes.js';

const GATEWAY = 'gw_00000000000000000001' as const;
const HOST = 'hello--p.localhost';

describe('a gateway with HTTPS', () => {
  let folder: TemporaryFolder;
  let nats: TestNats;
  let wire: CuttableWire;
  let authority: TestAuthority;
  let identity: Closable;
  let ingress: TestIngress;
  let gateway: Gateway;
  let envoy: TestEnvoy;
  let billing: Follower;
  let ports: { listen: number; xds: number; admin: number; tls: number };
  const streams: string[] = [];

  const start = async (more: Record<string, string> = {}): Promise<void> => {
    const logger = createLogger('gateway', process.env['TEST_LOG'] ?? 'silent');
    const parts = { logger, clock: systemClock, random: systemRandom };
    const environment = { ...gatewayEnvironment(folder.path, ports, identity.url), ...more };
    gateway = await Gateway.start(loadConfig(gatewayConfig, environment), {
      ...parts,
      health: new Health(),
      metrics: new Metrics(),
    });
    envoy = startEnvoy({ bootstrap: path.join(folder.path, 'envoy.json'), adminPort: ports.admin });
    await envoy.ready();
  };
  const stop = async (): Promise<void> => {
    await envoy.stop();
    await gateway.beforeApplicationShutdown();
    await gateway.onApplicationShutdown();
  };
  const restart = async (more?: Record<string, string>): Promise<void> => {
    await stop();
    await start(more);
  };
  const call = (host = HOST) => askTls({ port: ports.tls, host, ca: authority.root });
  const serve = (host: string, version: number): Promise<number> => {
    const doors = [
      { clusterId: 'cls_00000000000000000001' as const, door: { host: '127.0.0.1', port: ingress.port } },
    ];
    const route = testRoute(host, version, [testBackend(1, 100, { doors })]);
    return nats.bus.putKey(ROUTES_BUCKET, routeKey(host), routeSchema, route);
  };
  const answered = (host: string): Promise<Awaited<ReturnType<typeof call>>> =>
    until(() => call(host).then((answer) => (answer.status === 200 ? answer : undefined)), {
      what: `${host} over HTTPS`,
    });

  beforeAll(async () => {
    folder = temporaryFolder();
    authority = await TestAuthority.make();
    const [listen, xds, admin, tls] = (await freePorts(4)) as [number, number, number, number];
    ports = { listen, xds, admin, tls };
    nats = await testNats();
    await ensureHubTopology(nats.bus);
    await ensureGatewayTopology(nats.bus, GATEWAY);
    wire = new CuttableWire(new URL(nats.url));
    const creds = await nats.credentials(GATEWAY, gatewayPermissions(GATEWAY));
    identity = await startJoining(creds, GATEWAY, await wire.open(), authority);
    writeFileSync(path.join(folder.path, 'token'), 'once');
    ingress = await startIngress();
    billing = nats.bus.follow(STREAMS.usage, BILLING_CONSUMER, (message) => {
      streams.push(...decode(usageBatchSchema, message.data).records.map(({ streamId }) => streamId));
      return Promise.resolve();
    });
    await start();
  }, 60_000);

  afterAll(async () => {
    await stop();
    await billing.stop();
    await ingress.close();
    await identity.close();
    await wire.close();
    await nats.release();
    folder.remove();
  }, 30_000);

  it('gets a certificate for a host as soon as it has a route, and meters what comes over TLS', async () => {
    await serve(HOST, 1);
    const answer = await answered(HOST);
    expect(authority.asked).toEqual([HOST]);
    await until(() => streams.includes(String(answer.headers['x-request-id'])), { what: 'its record' });
  });

  it('serves the same certificate after a restart without any hub', async () => {
    const { serial } = await call();
    authority.hold();
    wire.cut();
    await restart();
    expect((await call()).serial).toBe(serial);
    wire.mend();
    authority.release();
  });

  it('redirects HTTP to HTTPS when it is told to, and not otherwise', async () => {
    const plain = { port: ports.listen, host: `${HOST}:${ports.listen}`, path: '/a?b=c', method: 'POST' };
    expect((await ask({ ...plain, host: HOST })).status).toBe(200);
    await restart({ TOWPATH_HTTPS_REDIRECT: 'on' });
    const redirected = await ask(plain);
    expect(redirected.status).toBe(308);
    expect(redirected.headers.location).toBe(`https://${HOST}:${ports.tls}/a?b=c`);
    expect((await call()).status).toBe(200);
  });

  it("serves the operator's own certificate, and the next one without a restart", async () => {
    const files = {
      TOWPATH_TLS_CERTIFICATE_FILE: path.join(folder.path, 'operator.pem'),
      TOWPATH_TLS_KEY_FILE: path.join(folder.path, 'operator.key'),
    };
    const supply = async (): Promise<string> => {
      const { chain, key, serial } = await authority.certificateFor(HOST);
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
