import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ERROR_CODES } from '#libs/domain';
import type { Logger } from '#libs/process';
import { PERMIT_OVER } from '../envoy/admission.filter.js';
import type { Refused } from './organization.purse.js';

/** Envoy's own limit of a head is 60 KiB. */
const HEAD_BYTES = 131_072;
/** As long as the name of a socket may be on every system that Envoy runs on. */
const MOST_NAME = 103;

/** Where the socket of the gateway with this folder is: in it, or by its name in the system's temporary folder where that is too long. */
export function admissionSocketOf(folder: string): string {
  const inside = path.join(path.resolve(folder), 'admission.sock');
  if (inside.length <= MOST_NAME) return inside;
  const name = createHash('sha256').update(inside).digest('hex').slice(0, 20);
  return path.join(tmpdir(), `towpath-admission-${name}.sock`);
}

/** Whether a request to a host is let in (undefined), by the name of its host and its id; `over`: the permit beyond which it is. */
export type Check = (
  host: string,
  stream: string,
  more: { over?: string; isGone: () => boolean },
) => Promise<Refused | undefined>;

/** Envoy asks here, over a socket that only this machine has, before it lets a request to a host with a cap in. */
export class AdmissionServer {
  private readonly server: Server;

  constructor(
    private readonly check: Check,
    private readonly logger: Logger,
    /** UTC ms. */
    private readonly now: () => number,
  ) {
    this.server = createServer({ maxHeaderSize: HEAD_BYTES, keepAliveTimeout: 0 }, (request, response) => {
      void this.answer(request, response);
    });
  }

  listen(socket: string): Promise<void> {
    rmSync(socket, { force: true });
    return new Promise((resolve, reject) => {
      this.server.once('error', reject).listen(socket, resolve);
    });
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { host = '', 'x-request-id': id, [PERMIT_OVER]: permit } = request.headers;
    const stream = String(id ?? '');
    const over = permit === undefined ? {} : { over: String(permit) };
    try {
      const [name = ''] = host.split(':');
      const refused =
        stream === ''
          ? NOT_NAMED
          : await this.check(name, stream, { ...over, isGone: () => response.destroyed });
      if (refused) refuse(response, refused, { stream, now: this.now() });
      else response.writeHead(200).end();
    } catch (error) {
      this.logger.error({ err: error }, 'unexpected error');
      response.writeHead(503).end();
    }
  }
}

const NOT_NAMED: Refused = { reason: 'unconfirmed', standing: undefined };

const WORDS: Readonly<Record<Refused['reason'], { message: string; nextStep: string }>> = {
  cap_reached: {
    message: 'What the owner of this service may spend this month does not suffice for another request.',
    nextStep: 'Ask the owner of the service, who can raise the cap with `tow caps set`.',
  },
  unconfirmed: {
    message: 'It cannot be confirmed now that the owner of this service may spend more this month.',
    nextStep: 'Try again shortly.',
  },
};
const SILENCE_SECONDS = 1;

/** As the API's problems are (RFC 9457), with where the organization stands. */
function refuse(
  response: ServerResponse,
  { reason, standing }: Refused,
  { stream, now }: { stream: string; now: number },
): void {
  const { http: status, title } = ERROR_CODES.CAP_REACHED;
  const { resetsAt } = standing ?? {};
  const seconds =
    reason === 'unconfirmed' || resetsAt === undefined
      ? SILENCE_SECONDS
      : Math.ceil((resetsAt - now) / 1_000);
  const body = {
    title,
    status,
    code: 'CAP_REACHED',
    ...WORDS[reason],
    requestId: stream,
    reason,
    ...standing,
    ...(resetsAt === undefined ? {} : { resetsAt: new Date(resetsAt).toISOString() }),
  };
  response
    .writeHead(status, {
      'content-type': 'application/problem+json',
      'retry-after': String(Math.max(SILENCE_SECONDS, seconds)),
    })
    .end(JSON.stringify(body));
}
