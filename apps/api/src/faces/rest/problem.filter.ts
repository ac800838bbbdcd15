import { Catch, Inject, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { TowpathError } from '#libs/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_PARTS, type ApiParts } from '../../api.parts.js';
import { Registry } from '../../call/registry.js';
import { sendProblem } from './problem.reply.js';

/** Every error of REST and of Nest as problem+json; what Fastify itself refuses goes to `sendProblem` directly. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(API_PARTS) private readonly parts: ApiParts,
    @Inject(Registry) private readonly registry: Registry,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    sendProblem(this.orWrongMethod(error, request, reply), request, reply, this.parts.logger);
  }

  private orWrongMethod(error: unknown, request: FastifyRequest, reply: FastifyReply): unknown {
    if (!(error instanceof NotFoundException)) return error;
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = [...new Set(this.registry.methodsAt(path))];
    if (methods.length === 0) return error;
    void reply.header('allow', methods.join(', '));
    return new TowpathError('METHOD_NOT_ALLOWED', `This address does not take ${request.method}.`, {
      nextStep: `Use ${methods.join(' or ')}.`,
    });
  }
}
