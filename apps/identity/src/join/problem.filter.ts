import { ERROR_CODES, TowpathError, toPublicError } from '#libs/domain';
import type { Logger } from '#libs/process';
import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

export const LOGGER = Symbol('logger');

/** Answers every error as RFC 9457; what is not meant for callers is logged and hidden. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const told = this.tellable(error);
    const { code, message, ...rest } = toPublicError(told);
    const { http, title } = ERROR_CODES[code];
    const problem = {
      type: `urn:towpath:error:${code}`,
      title,
      status: http,
      code,
      detail: message,
      ...rest,
    };
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply.status(http).header('content-type', 'application/problem+json').send(problem);
  }

  private tellable(error: unknown): TowpathError {
    if (error instanceof TowpathError && error.code !== 'INTERNAL') return error;
    if (error instanceof HttpException && error.getStatus() < 500) {
      return new TowpathError('INVALID_ARGUMENT', 'The request cannot be read.');
    }
    this.logger.error({ err: error }, 'unexpected error');
    return new TowpathError('INTERNAL', 'Something went wrong on our side.', {
      nextStep: 'Try again in a moment.',
    });
  }
}
