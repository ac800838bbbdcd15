import type { FastifyReply } from 'fastify';

export const REQUEST_ID_HEADER = 'x-request-id';

/** The id every answer carries; set by a hook before anything else runs. */
export function requestIdOf(reply: FastifyReply): string {
  return String(reply.getHeader(REQUEST_ID_HEADER) ?? '');
}
