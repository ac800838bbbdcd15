import { ERROR_CODES, type ErrorCode, type PublicError, type Violation } from '#libs/domain';

/** The exit codes of `tow`, as `tow help exit-codes` and the README show them. */
export const EXIT_CODES: readonly { exit: number; meaning: string }[] = [
  { exit: 0, meaning: 'ok' },
  { exit: 1, meaning: 'failure (a build, a start, a part of the platform, or the connection)' },
  { exit: 2, meaning: 'usage: a command, flag or value is not valid' },
  { exit: 3, meaning: 'not allowed: no valid key, or the key does not allow this' },
  { exit: 4, meaning: 'not found' },
  { exit: 5, meaning: 'conflict or limit: it exists, changed meanwhile, or is too large or too often' },
  { exit: 124, meaning: 'the time ran out' },
  { exit: 130, meaning: 'interrupted by Ctrl-C' },
];

export const INTERRUPTED_EXIT = 130;

export interface ErrorDetails {
  violations?: readonly Violation[] | undefined;
  nextStep?: string | undefined;
  requestId?: string | undefined;
  /** Overrides the exit code of `code`. */
  exit?: number | undefined;
  /** Where it happened: context, URL, key. Shown with errors of access and connection. */
  where?: string | undefined;
  /** The last lines of build output or log, when they were not shown before. */
  lastLines?: readonly string[] | undefined;
  cause?: unknown;
}

/** An error a person reads: one sentence, fields, next step, and the exit code. */
export class CliError extends Error {
  readonly exit: number;
  readonly violations: readonly Violation[];
  readonly nextStep: string | undefined;
  readonly requestId: string | undefined;
  readonly where: string | undefined;
  readonly lastLines: readonly string[];

  constructor(
    readonly code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, { cause: details.cause });
    this.name = 'CliError';
    this.exit = details.exit ?? ERROR_CODES[code].exit;
    this.violations = details.violations ?? [];
    this.nextStep = details.nextStep;
    this.requestId = details.requestId;
    this.where = details.where;
    this.lastLines = details.lastLines ?? [];
  }
}

/** A command line that cannot be understood: exit 2. */
export function usageError(message: string, nextStep?: string): CliError {
  return new CliError('INVALID_ARGUMENT', message, { nextStep });
}

/** What an operation or the API said, as an error of the CLI. */
export function fromPublicError(error: PublicError, details: ErrorDetails = {}): CliError {
  return new CliError(isErrorCode(error.code) ? error.code : 'INTERNAL', error.message, {
    ...details,
    violations: error.violations,
    nextStep: error.nextStep ?? details.nextStep,
  });
}

/** Ctrl-C: the sentence says what goes on without the terminal. */
export function interrupted(message: string): CliError {
  return new CliError('UNAVAILABLE', message, { exit: INTERRUPTED_EXIT });
}

export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(ERROR_CODES, text);
}
