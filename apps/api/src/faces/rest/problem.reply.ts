import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Logger } from '#libs/process';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemOf, tellable } from '../problem.js';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.js';

/** Answers with a problem (RFC 9457). */
export function sendProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
): void {
  // What cannot be routed has passed no hook and has no id yet.
  if (requestIdOf(reply) === '') void reply.header(REQUEST_ID_HEADER, randomUUID());
  const requestId = requestIdOf(reply);
  const problem = problemOf(tellable(error, requestId, logger), requestId);
  if (problem.retryAfterSeconds !== undefined) void reply.header('retry-after', problem.retryAfterSeconds);
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
  // What is left of a refused body is thrown away: a client that still sends would never see the answer.
  if (request.body instanceof Readable) request.body.resume();
  void reply
    .status(problem.status)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify(problem));
}
