import { Readable } from 'node:stream';
import { Catch, Inject, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { TowpathError } from '#libs/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_PARTS, type ApiParts } from '../../api.parts.js';
import { Registry } from '../../call/registry.js';
import { problemOf, tellable } from '../problem.js';
import { requestIdOf } from './request-id.js';

/** Every error of REST, also those of Nest and Fastify, as problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(API_PARTS) private readonly parts: ApiParts,
    @Inject(Registry) private readonly registry: Registry,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const requestId = requestIdOf(reply);
    const told = tellable(this.orWrongMethod(error, request, reply), requestId, this.parts.logger);
    const problem = problemOf(told, requestId);
    if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
    // What is left of a refused body is thrown away: a client that still sends would never see the answer.
    if (request.body instanceof Readable) request.body.resume();
    void reply
      .status(problem.status)
      .header('content-type', 'application/problem+json')
      .send(JSON.stringify(problem));
  }

  private orWrongMethod(error: unknown, request: FastifyRequest, reply: FastifyReply): unknown {
    if (!(error instanceof NotFoundException)) return error;
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = this.registry.methodsAt(path);
    if (methods.length === 0) return error;
    void reply.header('allow', [...new Set(methods)].join(', '));
    return new TowpathError('METHOD_NOT_ALLOWED', `This address does not take ${request.method}.`, {
      nextStep: `Use ${methods.join(' or ')}.`,
    });
  }
}
