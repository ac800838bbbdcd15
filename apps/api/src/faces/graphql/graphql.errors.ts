import { TowpathError, toPublicError } from '#libs/domain';
import type { Logger } from '#libs/process';
import { GraphQLError, type ExecutionResult, type GraphQLFormattedError } from 'graphql';
import { tellable } from '../problem.js';

interface WithErrors {
  originalError?: { errors?: readonly GraphQLError[] } & Error;
  errors?: readonly GraphQLError[];
}

/** The answer of a document with errors: always HTTP 200, the code of each in `extensions`. */
export function formatErrors(
  execution: ExecutionResult,
  requestId: string,
  logger: Logger,
): { statusCode: number; response: { data: unknown; errors: object[] } } {
  const errors = toldErrors(execution.errors ?? [], requestId, logger);
  return { statusCode: 200, response: { data: execution.data ?? null, errors } };
}

/** Bounds of a refusal: graphql repeats a wrong variable in every error about it. */
const MOST_ERRORS = 20;
const LONGEST_MESSAGE = 500;

/** Errors as they leave the house. */
export function toldErrors(
  errors: readonly GraphQLError[],
  requestId: string,
  logger: Logger,
): GraphQLFormattedError[] {
  return errors
    .flatMap(flattened)
    .slice(0, MOST_ERRORS)
    .map((error) => told(error, requestId, logger));
}

/** mercurius wraps what the parser and the validation found. */
function flattened(error: GraphQLError): readonly GraphQLError[] {
  const wrapped = error as unknown as WithErrors;
  return wrapped.originalError?.errors ?? wrapped.errors ?? [error];
}

function told(error: GraphQLError, requestId: string, logger: Logger): GraphQLFormattedError {
  const { message, ...extensions } = toPublicError(reason(error, requestId, logger));
  return {
    message,
    ...(error.locations ? { locations: error.locations } : {}),
    ...(error.path ? { path: error.path } : {}),
    extensions: { ...extensions, requestId },
  };
}

/** An error without a cause comes from graphql itself: the document is wrong, and it says why. */
function reason(error: GraphQLError, requestId: string, logger: Logger): TowpathError {
  const cause = error.originalError;
  if (error instanceof TowpathError) return error;
  if (cause instanceof GraphQLError || (!cause && error instanceof GraphQLError)) {
    return new TowpathError('INVALID_ARGUMENT', shortened(error.message));
  }
  return tellable(cause ?? error, requestId, logger);
}

function shortened(text: string): string {
  return text.length <= LONGEST_MESSAGE ? text : `${text.slice(0, LONGEST_MESSAGE)}…`;
}
