import { ERROR_CODES, type ErrorCode, type Violation } from '#libs/domain';
import { CliError, isErrorCode } from '../exit.js';
import { codeOf } from './retry.js';

/** Who called whom, for errors of access and connection. */
export interface Where {
  /** Name of the context, or what took its place (`TOW_API_URL`). */
  context: string;
  url: string;
  /** The key's first characters or the person's address; undefined when there is no credential. */
  credential?: string | undefined;
  /** The person who is signed in, if a person is. */
  email?: string | undefined;
}

export function describeWhere(where: Where): string {
  return `context ${where.context}, ${where.url}, ${where.credential ?? 'no key'}`;
}

/** An answer outside 2xx as an error: the API's own words when it spoke RFC 9457, otherwise what can be said. */
export function problemOf(
  status: number,
  text: string,
  requestId: string | undefined,
  where: Where,
): CliError {
  const body = parseObject(text);
  const code = isErrorCode(body?.['code']) ? body['code'] : codeOfStatus(status);
  const access = code === 'UNAUTHENTICATED' || code === 'PERMISSION_DENIED';
  return new CliError(code, messageOf(body, status, where), {
    violations: violationsOf(body?.['violations']),
    nextStep: nextStepOf(code, textIn(body, 'nextStep'), where),
    requestId: textIn(body, 'requestId') ?? requestId,
    where: access ? describeWhere(where) : undefined,
  });
}

/** A connection that failed for good as an error; `url` alone when it was no call of the API. */
export function connectionProblem(error: unknown, where: Where | { url: string }): CliError {
  const code = codeOf(error);
  const silent = code === 'ESILENCE' || code === 'ETIMEDOUT';
  return new CliError(
    silent ? 'DEADLINE_EXCEEDED' : 'UNAVAILABLE',
    silent
      ? `${where.url} did not answer in time.`
      : `No connection to ${where.url}: ${reasonOf(code, error)}.`,
    {
      nextStep: 'Check that the platform runs (`npm start` on one machine) and that the address is right.',
      where: 'context' in where ? describeWhere(where) : undefined,
      cause: error,
    },
  );
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name does not resolve now',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  EHOSTUNREACH: 'no way to the host',
  ENETUNREACH: 'no way to the network',
};

function reasonOf(code: string, error: unknown): string {
  return REASONS[code] ?? (error instanceof Error && error.message !== '' ? error.message : 'it failed');
}

function messageOf(body: Record<string, unknown> | undefined, status: number, where: Where): string {
  const said = textIn(body, 'detail') ?? textIn(body, 'title');
  return said ?? `${where.url} answered ${status} and not as a Towpath API does.`;
}

/** The API's own advice; how to log in is known here only. */
function nextStepOf(code: ErrorCode, said: string | undefined, where: Where): string | undefined {
  const login = `tow login ${where.url}${where.email === undefined ? '' : ` --email ${where.email}`}`;
  if (code === 'UNAUTHENTICATED' && said === undefined) return `Log in again: ${login}`;
  // Without a credential it is a sign-in that was refused.
  if (code === 'UNAUTHENTICATED') return where.credential === undefined ? said : `${said} Then: ${login}`;
  if (code === 'PERMISSION_DENIED') return said ?? 'See what the key may do: tow whoami';
  return said;
}

function codeOfStatus(status: number): ErrorCode {
  const found = Object.entries(ERROR_CODES).find(([, of]) => of.http === status);
  return (found?.[0] as ErrorCode | undefined) ?? (status === 502 ? 'UNAVAILABLE' : 'INTERNAL');
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function textIn(body: Record<string, unknown> | undefined, name: string): string | undefined {
  const value = body?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function violationsOf(value: unknown): Violation[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (one): one is Violation =>
      typeof (one as Violation | null)?.field === 'string' && typeof (one as Violation).message === 'string',
  );
}
