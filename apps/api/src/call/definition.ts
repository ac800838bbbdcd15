import type { Permission } from '#libs/domain';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { ApiParts } from '../api.parts.js';
import type { Asked, Call, Caller, CommandCall, StreamCall, StreamEvent } from './call.js';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Where REST serves an operation. Names in `{}` are fields of the input. */
export interface RestAddress {
  method: HttpMethod;
  path: string;
  /** 202: an answer that has already ended comes as 200. */
  status: 200 | 201 | 202;
}

/**
 * Who may call: a permission of the caller's role, `any` valid credential, only a signed-in `person`, or `anyone`, also
 * without a credential.
 */
export type Admission = Permission | 'any' | 'person' | 'anyone';

/** What is told of every operation; each face is generated from it. */
export interface Declaration {
  /** `<concept>s.<verb>`, also the action in the audit. */
  name: string;
  permission: Admission;
  rest: RestAddress;
  /** The field of Query or Mutation; absent when only REST can carry it (bodies and streams of bytes). */
  graphql?: string;
  /** How GraphQL follows it; only for what has a stream. */
  subscription?: Subscription;
  summary: string;
  /** Also while the organization is suspended or closing, when nothing else may be changed. */
  whileStopped?: true;
}

/** The field of Subscription: it carries the data of the stream's events of one name. */
export interface Subscription {
  field: string;
  event: string;
  output: z.ZodType;
}

/** One operation of the API, types erased: what the faces walk over. */
export interface OperationDefinition extends Declaration {
  kind: 'command' | 'query' | 'stream';
  /** Fields of path, query and body in one object; unknown fields are refused. */
  input: z.ZodObject;
  output: z.ZodType;
  /** Lists: the field of an item that pages go by. */
  pageKey?: string;
  /** The answer may hold what must never be stored in the clear, so a kept answer is sealed. */
  confidential?: boolean;
  /** The body is a stream of this media type, handed to `receive`. */
  body?: string;
  /** Whether `?wait=` applies: the answer is an Operation. */
  waits?: boolean;
  /** Works elsewhere than in the database, so it holds no transaction while it waits and keeps no answer. */
  fetch?: (call: ReceiveCall, input: unknown) => Promise<unknown>;
  /** The same for whoever comes; exactly when the permission is `anyone`. */
  open?: (call: OpenCall, input: unknown) => Promise<unknown>;
  /** The answer is a stream of bytes of type `media`, outside of any transaction. */
  download?: (call: DownloadCall, input: unknown) => Promise<Download>;
  media?: string;
  receive?: (call: ReceiveCall, input: unknown, body: Readable) => Promise<unknown>;
  handle: (call: CommandCall, input: unknown, received: unknown) => Promise<unknown>;
  /** Looks everything up first, so that what the caller may not see is refused before the stream opens. */
  stream?: (call: StreamCall, input: unknown) => Promise<AsyncIterable<StreamEvent>>;
}

/** What an operation for everybody is given: nobody's rights and no transaction. */
export interface OpenCall extends Asked {
  parts: ApiParts;
}

/** What works outside any transaction: takes a body in, or reads from elsewhere. */
export interface ReceiveCall extends Caller {
  parts: ApiParts;
  read<T>(work: (call: Call) => Promise<T>): Promise<T>;
}

/** What a download is given: it reads in short transactions, since it lives long. */
export interface DownloadCall extends ReceiveCall {
  /** Notes in the audit that the thing was taken. */
  audit(object: string): Promise<void>;
}

/** Bytes under a file name. */
export interface Download {
  name: string;
  body: AsyncIterable<Uint8Array>;
}

interface Shape<I extends z.ZodObject, O extends z.ZodType> extends Declaration {
  input: I;
  output: O;
}

/** An operation that changes something, in one transaction with its audit row. */
export function defineCommand<I extends z.ZodObject, O extends z.ZodType>(
  definition: Shape<I, O> & {
    confidential?: boolean;
    handler: (call: CommandCall, input: z.output<I>) => Promise<z.input<O>>;
  },
): OperationDefinition {
  const { handler, ...rest } = definition;
  return { ...rest, kind: 'command', handle: (call, input) => handler(call, input as z.output<I>) };
}

const wait = z
  .string()
  .regex(/^(\d{1,3})s$/, 'must be whole seconds like 30s')
  .refine((text) => Number(text.slice(0, -1)) <= 600, 'must be at most 600s')
  .optional()
  .describe('How long to wait for the operation to end, e.g. `30s`, at most `600s`.');

/** A command whose effect takes time: it answers with the Operation that a client can follow or wait for. */
export function defineChange<I extends z.ZodObject, O extends z.ZodType>(
  definition: Shape<I, O> & { handler: (call: CommandCall, input: z.output<I>) => Promise<z.input<O>> },
): OperationDefinition {
  return { ...defineCommand(definition), input: definition.input.extend({ wait }), waits: true };
}

/** A command whose body is a stream of bytes: `receive` takes it in, `handler` writes what came out. */
export function defineReceiver<I extends z.ZodObject, O extends z.ZodType, R>(
  definition: Shape<I, O> & {
    body: string;
    receive: (call: ReceiveCall, input: z.output<I>, body: Readable) => Promise<R>;
    handler: (call: CommandCall, input: z.output<I>, received: R) => Promise<z.input<O>>;
  },
): OperationDefinition {
  const { handler, receive, ...rest } = definition;
  return {
    ...rest,
    kind: 'command',
    receive: (call, input, body) => receive(call, input as z.output<I>, body),
    handle: (call, input, received) => handler(call, input as z.output<I>, received as R),
  };
}

/** An operation that reads; `stream` is the same thing followed (server-sent events). */
export function defineQuery<I extends z.ZodObject, O extends z.ZodType>(
  definition: Shape<I, O> & {
    handler: (call: Call, input: z.output<I>) => Promise<z.input<O>>;
    stream?: (call: StreamCall, input: z.output<I>) => Promise<AsyncIterable<StreamEvent>>;
  },
): OperationDefinition {
  const { handler, stream, ...rest } = definition;
  return {
    ...rest,
    kind: 'query',
    handle: (call, input) => handler(call, input as z.output<I>),
    ...(stream ? { stream: (call: StreamCall, input: unknown) => stream(call, input as z.output<I>) } : {}),
  };
}

/** An operation that reads what is not in the database; it looks things up in transactions of its own. */
export function defineFetch<I extends z.ZodObject, O extends z.ZodType>(
  definition: Shape<I, O> & {
    handler: (call: ReceiveCall, input: z.output<I>) => Promise<z.input<O>>;
    stream?: (call: StreamCall, input: z.output<I>) => Promise<AsyncIterable<StreamEvent>>;
  },
): OperationDefinition {
  const { handler, ...rest } = definition;
  const outside = () => Promise.reject(new Error(`${definition.name} reads outside of a transaction`));
  return {
    ...defineQuery({ ...rest, handler: outside }),
    fetch: (call, input) => handler(call, input as z.output<I>),
  };
}

/** A command that another process carries out, in a transaction of its own with its audit row. */
export function defineAsked<I extends z.ZodObject, O extends z.ZodType>(
  definition: Shape<I, O> & { handler: (call: ReceiveCall, input: z.output<I>) => Promise<z.input<O>> },
): OperationDefinition {
  const { handler, ...rest } = definition;
  const handle = (): Promise<never> => Promise.reject(new Error(`${definition.name} is done elsewhere`));
  return { ...rest, kind: 'command', handle, fetch: (call, input) => handler(call, input as z.output<I>) };
}

/** A command for everybody, with or without a credential (a credential is not looked at); carried out elsewhere. */
export function defineOpen<I extends z.ZodObject, O extends z.ZodType>(
  definition: Omit<Shape<I, O>, 'permission'> & {
    handler: (call: OpenCall, input: z.output<I>) => Promise<z.input<O>>;
  },
): OperationDefinition {
  const { handler, ...rest } = definition;
  const handle = (): Promise<never> => Promise.reject(new Error(`${definition.name} is done elsewhere`));
  const open = (call: OpenCall, input: unknown): Promise<unknown> => handler(call, input as z.output<I>);
  return { ...rest, permission: 'anyone', kind: 'command', handle, open };
}

/** A reading for everybody. */
export function defineOpenQuery<I extends z.ZodObject, O extends z.ZodType>(
  definition: Omit<Shape<I, O>, 'permission'> & {
    handler: (call: OpenCall, input: z.output<I>) => Promise<z.input<O>>;
  },
): OperationDefinition {
  return { ...defineOpen(definition), kind: 'query' };
}

/** Whether an Idempotency-Key makes the answer be kept and given again. */
export function keepsAnswers({ kind, rest, open, fetch }: OperationDefinition): boolean {
  return kind === 'command' && rest.method === 'POST' && !open && !fetch;
}

/** An operation that only streams. `output` is the data of its main event. */
export function defineStream<I extends z.ZodObject, O extends z.ZodType>(
  definition: Shape<I, O> & {
    stream: (call: StreamCall, input: z.output<I>) => Promise<AsyncIterable<StreamEvent>>;
  },
): OperationDefinition {
  const { stream, ...rest } = definition;
  return {
    ...rest,
    kind: 'stream',
    handle: () => Promise.reject(new Error(`${definition.name} can only be followed`)),
    stream: (call, input) => stream(call, input as z.output<I>),
  };
}

/** An operation that answers with a file, streamed. */
export function defineDownload<I extends z.ZodObject>(
  definition: Declaration & {
    input: I;
    media: string;
    download: (call: DownloadCall, input: z.output<I>) => Promise<Download>;
  },
): OperationDefinition {
  const { download, ...rest } = definition;
  return {
    ...rest,
    kind: 'query',
    output: z.string(),
    handle: () => Promise.reject(new Error(`${definition.name} can only be downloaded`)),
    download: (call, input) => download(call, input as z.output<I>),
  };
}
