import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import type { Id } from '#libs/domain';

/** What stands for identity's authority. */
interface Issuer {
  /** The chain for a request, both PEM. */
  issue(request: string): Promise<string>;
}

export interface Closable {
  url: string;
  close(): Promise<void>;
}

/** Stands for identity: lets one gateway in, with these credentials, and issues its certificates. */
export async function startJoining(
  creds: string,
  gatewayId: Id<'gw'>,
  natsUrl: string,
  authority?: Issuer,
): Promise<Closable> {
  const server = createHttp((request, response) => {
    if (request.url === '/certificate' && authority) {
      void certify(authority, request, response);
      return;
    }
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    const answer = {
      kind: 'gateway',
      id: gatewayId,
      region: 'lab',
      natsUrl,
      creds,
      renewalToken: 'r',
      expiresAt,
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

async function certify(authority: Issuer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const asked = (await json(request)) as { request: string };
  response.end(JSON.stringify({ chain: await authority.issue(asked.request) }));
}

/** A wire to NATS that a test can cut: the hub is away for the gateway only. */
export class CuttableWire {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  constructor(private readonly target: URL) {
    this.#server = createServer((socket) => this.#join(socket));
  }

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `nats://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    await once(this.#server.close(), 'close');
  }

  #join(socket: Socket): void {
    if (this.#isCut) {
      socket.destroy();
      return;
    }
    const other = connect(Number(this.target.port), this.target.hostname);
    for (const [one, two] of [
      [socket, other],
      [other, socket],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(two);
      one.on('error', () => two.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        two.destroy();
      });
    }
  }
}

/** The environment of a gateway in a folder of its own. */
export function gatewayEnvironment(
  folder: string,
  ports: { listen: number; xds: number; admin: number; tls?: number },
  joinUrl: string,
) {
  return {
    TOWPATH_DATA_DIR: path.join(folder, 'gateway'),
    TOWPATH_JOIN_URL: joinUrl,
    TOWPATH_JOIN_TOKEN_FILE: path.join(folder, 'token'),
    TOWPATH_GATEWAY_PORT: String(ports.listen),
    ...(ports.tls === undefined ? {} : { TOWPATH_GATEWAY_TLS_PORT: String(ports.tls) }),
    TOWPATH_XDS_PORT: String(ports.xds),
    TOWPATH_ENVOY_ADMIN_PORT: String(ports.admin),
    TOWPATH_ENVOY_BOOTSTRAP: path.join(folder, 'envoy.json'),
    TOWPATH_ENVOY_LOG: path.join(folder, 'log', 'envoy.log'),
    TOWPATH_ENVOY_REPORT_SECONDS: '1',
  };
}
