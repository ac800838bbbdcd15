import { HttpException } from '@nestjs/common';
import { ERROR_CODES, TowpathError, toPublicError, type ErrorCode, type PublicError } from '#libs/domain';
import type { Logger } from '#libs/process';

/** RFC 9457, with our fields. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  violations?: PublicError['violations'];
  nextStep?: string;
  retryAfterSeconds?: number;
  requestId: string;
}

/** What a client is told; a face adds its own form. Whatever is not meant for clients is logged and hidden. */
export function tellable(error: unknown, requestId: string, logger: Logger): TowpathError {
  const known = knownError(error);
  if (known) return known;
  logger.error({ err: error, requestId }, 'unexpected error');
  return new TowpathError('INTERNAL', 'Something went wrong on our side.', {
    nextStep: `Try again; when it stays, tell the operator the request id ${requestId}.`,
  });
}

export function problemOf(error: TowpathError, requestId: string): Problem {
  const { code, message, ...rest } = toPublicError(error);
  const { http, title } = ERROR_CODES[code];
  return {
    type: `urn:towpath:error:${code}`,
    title,
    status: http,
    code,
    detail: message,
    ...rest,
    requestId,
  };
}

const NEXT_STEPS: Partial<Record<ErrorCode, string>> = {
  UNSUPPORTED_MEDIA_TYPE: 'Send the body as application/json; /v1/openapi.json says what an address reads.',
};

/** Codes of Fastify and HTTP statuses of Nest that are the client's errors. */
const BY_STATUS: Partial<Record<number, [ErrorCode, string]>> = {
  400: ['INVALID_ARGUMENT', 'The request cannot be read.'],
  401: ['UNAUTHENTICATED', 'The request carries no valid credential.'],
  403: ['PERMISSION_DENIED', 'This is not allowed.'],
  404: ['NOT_FOUND', 'There is nothing at this address.'],
  405: ['METHOD_NOT_ALLOWED', 'The address exists but not with this method.'],
  406: ['INVALID_ARGUMENT', 'The request asks for a form of answer that does not exist.'],
  408: ['DEADLINE_EXCEEDED', 'The request took too long to arrive.'],
  413: ['PAYLOAD_TOO_LARGE', 'The body is larger than 1 MiB.'],
  414: ['INVALID_ARGUMENT', 'The address is too long.'],
  415: ['UNSUPPORTED_MEDIA_TYPE', 'The body has a type this address does not read.'],
  431: ['INVALID_ARGUMENT', 'The headers are too large.'],
};

const JSON_ERRORS = ['FST_ERR_CTP_INVALID_JSON_BODY', 'FST_ERR_CTP_EMPTY_JSON_BODY'];

function knownError(error: unknown): TowpathError | undefined {
  if (error instanceof TowpathError) return error.code === 'INTERNAL' ? undefined : error;
  if (isDatabaseAway(error)) {
    return new TowpathError('UNAVAILABLE', 'The database does not answer.', {
      nextStep: 'Try again in a moment.',
    });
  }
  const status = statusOf(error);
  if (error instanceof SyntaxError || JSON_ERRORS.includes(codeOf(error))) {
    if (status === undefined || status < 500)
      return new TowpathError('INVALID_ARGUMENT', 'The body is not valid JSON.');
  }
  const told = status === undefined ? undefined : BY_STATUS[status];
  if (told === undefined) return undefined;
  const nextStep = NEXT_STEPS[told[0]];
  return new TowpathError(told[0], told[1], nextStep === undefined ? {} : { nextStep });
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode } = (error ?? {}) as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : undefined;
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** Connection refused or lost (Node), connection exceptions and shutdown (PostgreSQL classes 08 and 57P). */
function isDatabaseAway(error: unknown): boolean {
  const code = codeOf(error);
  if (code === 'ECONNREFUSED' || code.startsWith('08') || code.startsWith('57P')) return true;
  return (
    error instanceof Error &&
    /^Connection terminated|timeout exceeded when trying to connect/.test(error.message)
  );
}
