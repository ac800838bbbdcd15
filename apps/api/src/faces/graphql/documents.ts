import type { FastifyRequest } from 'fastify';
import {
  GraphQLError,
  getOperationAST,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type ExecutionArgs,
  type GraphQLSchema,
} from 'graphql';
import { TowpathError } from '#libs/domain';
import { refuseManyValues } from '../../call/input.js';
import { CostModel } from './cost.js';
import { LIMITS, refuseAbove, refuseShape, refuseSource } from './limits.js';

/** How documents are parsed: what has more tokens is not read to its end. */
export const PARSING = { maxTokens: LIMITS.tokens };

type Variables = Readonly<Record<string, unknown>>;

/** A document as a client of the WebSocket sends it. */
export interface AskedDocument {
  query: string;
  variables?: Variables | null | undefined;
  operationName?: string | null | undefined;
}

/** What mercurius tells its hooks beside the document. */
interface HttpContext {
  reply?: { request: FastifyRequest };
}

/** Looks at every document before any of it runs: HTTP step by step in mercurius' hooks, WebSocket at once. */
export class Documents {
  private model: { of: GraphQLSchema; costs: CostModel } | undefined;

  /** Hooks of mercurius. The first runs for every request, the second for documents that are not in its cache. */
  readonly hooks = {
    preParsing: (_schema: GraphQLSchema, source: string, context: HttpContext): Promise<void> => {
      refuseSource(source);
      const asked = askedByHttp(context);
      refuseManyValues(asked?.variables, 'variables');
      // mercurius lets HEAD change things, and looks for the operation of a GET without a check that there is one.
      if (asked && asked.method !== 'POST') refuseChange(chosen(parse(source, PARSING), asked.operationName));
      return Promise.resolve();
    },
    preValidation: (_schema: GraphQLSchema, document: DocumentNode): Promise<void> => {
      refuseShape(document);
      return Promise.resolve();
    },
    preExecution: (
      schema: GraphQLSchema,
      document: DocumentNode,
      context: HttpContext,
      variables: Variables,
    ): Promise<void> => {
      refuseFollowing(chosen(document, askedByHttp(context)?.operationName));
      this.refuseCost(schema, document, variables);
      return Promise.resolve();
    },
  };

  /** A document of the WebSocket, ready to run, or why not. */
  admit(schema: GraphQLSchema, asked: AskedDocument): ExecutionArgs | GraphQLError[] {
    try {
      refuseSource(asked.query);
      refuseManyValues(asked.variables, 'variables');
      const document = parse(asked.query, PARSING);
      refuseShape(document);
      const errors = validate(schema, document, specifiedRules);
      if (errors.length > 0) return [...errors];
      chosen(document, asked.operationName);
      const variableValues = asked.variables ?? {};
      this.refuseCost(schema, document, variableValues);
      return { schema, document, variableValues, operationName: asked.operationName ?? null };
    } catch (error) {
      if (error instanceof GraphQLError) return [error];
      if (error instanceof TowpathError) return [new GraphQLError(error.message, { originalError: error })];
      throw error;
    }
  }

  private refuseCost(schema: GraphQLSchema, document: DocumentNode, variables: Variables): void {
    if (this.model?.of !== schema) this.model = { of: schema, costs: new CostModel(schema) };
    const { costs } = this.model;
    refuseAbove(costs.of(document, variables), { ...LIMITS, introspection: costs.introspectionLimit });
  }
}

interface AskedByHttp {
  method: string;
  operationName: string | undefined;
  variables: unknown;
}

function askedByHttp({ reply }: HttpContext): AskedByHttp | undefined {
  if (!reply) return undefined;
  const { method, body, query } = reply.request;
  const sent = ((method === 'POST' ? body : query) ?? {}) as { operationName?: unknown; variables?: unknown };
  const { operationName, variables } = sent;
  return { method, operationName: typeof operationName === 'string' ? operationName : undefined, variables };
}

/** @throws TowpathError INVALID_ARGUMENT when the document has no such operation, or several and none is named */
function chosen(document: DocumentNode, name: string | null | undefined): string {
  const operation = getOperationAST(document, name);
  if (operation) return operation.operation;
  throw new TowpathError('INVALID_ARGUMENT', 'The document does not have the operation that is asked for.', {
    violations: [{ field: 'operationName', message: 'must name one operation of the document' }],
  });
}

/** A subscription needs a connection that stays. */
function refuseFollowing(operation: string): void {
  if (operation !== 'subscription') return;
  throw new TowpathError('INVALID_ARGUMENT', 'A subscription is not followed by a single request.', {
    nextStep: 'Use the WebSocket at /graphql/stream.',
  });
}

/** What is asked by GET or HEAD changes nothing, whatever the document says. */
function refuseChange(operation: string): void {
  if (operation === 'mutation')
    throw new TowpathError('METHOD_NOT_ALLOWED', 'Only POST may carry a mutation.');
  refuseFollowing(operation);
}
