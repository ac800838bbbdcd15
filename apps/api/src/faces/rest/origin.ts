import type { Origin } from '#libs/domain';
import type { FastifyRequest } from 'fastify';

const MAX_CLIENT = 200;

/** Where a request comes from: the peer's address (no header is believed) and what the client calls itself. */
export function originOf(request: FastifyRequest): Origin {
  const client = (request.headers['user-agent'] ?? '').replace(/\p{Cc}/gu, ' ').slice(0, MAX_CLIENT);
  return { address: request.ip, client: client === '' ? 'unknown' : client };
}
