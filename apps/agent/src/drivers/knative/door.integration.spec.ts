import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REQUEST_HEADERS } from '#libs/domain';
import { freePorts, startEnvoy, type TestEnvoy } from '#libs/testing';
import { doorBootstrap } from './door.bootstrap.js';

interface Address {
  socket_address: { address: string; port_value: number };
}
interface Bootstrap {
  static_resources: {
    listeners: { address: Address; filter_chains: { transport_socket?: unknown }[] }[];
    clusters: { typed_dns_resolver_config: { typed_config: { resolvers?: Address[] } } }[];
  };
  admin: { address: Address };
}

/** The type of an address in a question of DNS. */
const TYPE_A = 1;

/** Answers with the address of this machine, but nothing from the port that asked first: what a node does that sent it nowhere. */
function forgetfulDns(): Socket {
  const socket = createSocket('udp4');
  let first: number | undefined;
  socket.on('message', (question, { port, address }) => {
    first ??= port;
    if (port !== first) socket.send(answerTo(question), port, address);
  });
  return socket;
}

function answerTo(question: Buffer): Buffer {
  const end = question.indexOf(0, 12) + 5;
  const isAddress = question.readUInt16BE(end - 4) === TYPE_A;
  const counts = [0x8180, 1, isAddress ? 1 : 0, 0, 0].flatMap((count) => [count >> 8, count & 0xff]);
  const record = isAddress ? [0xc0, 0x0c, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1] : [];
  return Buffer.concat([
    question.subarray(0, 2),
    Buffer.from(counts),
    question.subarray(12, end),
    Buffer.from(record),
  ]);
}

/** The door's own configuration, but for its certificates. */
function withoutCertificates(bootstrap: unknown, port: number, adminPort: number): Bootstrap {
  const open = structuredClone(bootstrap) as Bootstrap;
  for (const listener of open.static_resources.listeners) {
    listener.address.socket_address.port_value = port;
    for (const chain of listener.filter_chains) delete chain.transport_socket;
  }
  open.admin.address.socket_address.port_value = adminPort;
  return open;
}

describe('a door with its Envoy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'towpath-door-'));
  // stands for Kourier: what came from behind it carries how long that took
  const ingress = createServer((request, response) => {
    const behind = { 'x-envoy-upstream-service-time': '3' };
    if (request.url === '/program') response.writeHead(404, behind).end('no such page');
    else if (request.url === '/forged')
      response.writeHead(200, { ...behind, [REQUEST_HEADERS.notReached]: '1' }).end();
    else if (request.url === '/broken') response.writeHead(503).end();
    else response.writeHead(404).end();
  });
  let envoy: TestEnvoy;
  let url: string;

  beforeAll(async () => {
    ingress.listen(0, '127.0.0.1');
    await once(ingress, 'listening');
    const [port, adminPort] = (await freePorts(2)) as [number, number];
    const at = { host: '127.0.0.1', port: (ingress.address() as AddressInfo).port };
    const bootstrap = join(folder, 'door.json');
    writeFileSync(
      bootstrap,
      JSON.stringify(withoutCertificates(doorBootstrap(at, 'agent.test'), port, adminPort)),
    );
    envoy = startEnvoy({ bootstrap, adminPort });
    url = `http://127.0.0.1:${port}`;
    await envoy.ready();
  });
  afterAll(async () => {
    await envoy.stop();
    ingress.close();
    rmSync(folder, { recursive: true });
  });

  it.each<[string, string, string | null]>([
    ['a 404 of the ingress itself, which knows no such host', '/host', 'ingress'],
    ['not a 404 that a program gave', '/program', null],
    ['not what a program says of itself', '/forged', null],
    ['not a 503 of the ingress: an instance may have seen the request', '/broken', null],
  ])('says that nobody was reached: %s', async (_what, path, expected) => {
    const answer = await fetch(url + path);
    expect(answer.headers.get(REQUEST_HEADERS.notReached)).toBe(expected);
  });

  it('opens although the first question where the ingress is was lost, and all that came from its port', async () => {
    const dns = forgetfulDns();
    dns.bind(0, '127.0.0.1');
    await once(dns, 'listening');
    const [port, adminPort] = (await freePorts(2)) as [number, number];
    const at = { host: 'ingress.test', port: (ingress.address() as AddressInfo).port };
    const open = withoutCertificates(doorBootstrap(at, 'agent.test'), port, adminPort);
    const resolver = { socket_address: { address: '127.0.0.1', port_value: dns.address().port } };
    for (const { typed_dns_resolver_config: asked } of open.static_resources.clusters)
      asked.typed_config.resolvers = [resolver];
    const bootstrap = join(folder, 'asking.json');
    writeFileSync(bootstrap, JSON.stringify(open));
    const asking = startEnvoy({ bootstrap, adminPort });
    try {
      await asking.ready();
      expect((await fetch(`http://127.0.0.1:${port}/program`)).status).toBe(404);
    } finally {
      await asking.stop();
      dns.close();
    }
  });

  it('and when the ingress is away', async () => {
    ingress.closeAllConnections();
    await once(ingress.close(), 'close');
    const answer = await fetch(`${url}/host`);
    expect([answer.status, answer.headers.get(REQUEST_HEADERS.notReached)]).toEqual([503, 'door']);
  });
});
