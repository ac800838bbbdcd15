import { Agent } from 'node:http';
import { connect, type ClientHttp2Session } from 'node:http2';

/** Large enough for Envoy's own limit of 60 KiB. */
export const MAX_HEADER_BYTES = 64 * 1024;

/** HTTP/2 flow control, in bytes: what may be on its way in one stream, and in all of a connection. */
export const STREAM_WINDOW = 1 << 20;
export const CONNECTION_WINDOW = 1 << 24;

/** An instance as the ingress sees it: an address, its connections, and how many requests it serves now. */
export class Place {
  active = 0;
  /** Called once `active` is 0 after the pool withdrew it. */
  onIdle: (() => void) | undefined;
  readonly agent: Agent;
  private session: ClientHttp2Session | undefined;

  constructor(
    readonly instanceId: string,
    readonly port: number,
    concurrency: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: concurrency, maxFreeSockets: concurrency });
  }

  /** The one HTTP/2 connection to the instance; a new one when the former has ended. */
  http2(): ClientHttp2Session {
    const known = this.session;
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const session = connect(`http://127.0.0.1:${this.port}`, {
      maxSessionMemory: 256,
      settings: { initialWindowSize: STREAM_WINDOW, enablePush: false },
    });
    // Each stream learns of it by itself; without a listener the error would end the agent.
    session.on('error', () => undefined);
    session.once('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW));
    // GOAWAY: running streams end by themselves, new ones need a new connection.
    session.on('goaway', () => session.close());
    this.session = session;
    return session;
  }

  /** Closes every connection to the instance. */
  close(): void {
    this.agent.destroy();
    this.session?.destroy();
  }
}
