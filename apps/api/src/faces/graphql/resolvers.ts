import { GraphQLScalarType, valueFromASTUntyped } from 'graphql';
import type { Actor } from '#libs/domain';
import type { ApiParts } from '../../api.parts.js';
import type { Asked } from '../../call/call.js';
import type { OperationDefinition } from '../../call/definition.js';
import { execute, read } from '../../call/execute.js';
import { encodeCursor, type Page } from '../../call/page.js';
import type { Registry } from '../../call/registry.js';
import { findNode } from './node.js';

/** What every resolver is given beside its arguments. */
export interface GraphqlContext extends Asked {
  /** @throws TowpathError UNAUTHENTICATED; asked by every field that is not for everybody */
  authenticate: () => Promise<Actor>;
}

type Args = Record<string, unknown>;
type Resolver = (root: unknown, args: Args, context: GraphqlContext) => Promise<unknown>;

/** One resolver a definition, all through `execute`. */
export function graphqlResolvers(registry: Registry, parts: ApiParts): Record<string, unknown> {
  const fields = {
    Query: { node: nodeResolver(parts) } as Record<string, Resolver>,
    Mutation: {} as Record<string, Resolver>,
  };
  for (const definition of registry.operations) {
    if (definition.graphql === undefined || definition.kind === 'stream') continue;
    const type = definition.kind === 'command' ? 'Mutation' : 'Query';
    fields[type][definition.graphql] = resolver(parts, definition);
  }
  return { JSON: jsonScalar, ...fields };
}

function resolver(parts: ApiParts, definition: OperationDefinition): Resolver {
  return async (_root, args, { requestId, from, authenticate }) => {
    const actor = definition.permission === 'anyone' ? undefined : await authenticate();
    const { input, idempotencyKey } = args as { input?: Args; idempotencyKey?: string | null };
    const raw = definition.kind === 'command' ? (input ?? {}) : queryInput(definition, args);
    const { body } = await execute(parts, definition, {
      actor,
      requestId,
      from,
      raw: plain(raw),
      ...(typeof idempotencyKey === 'string' ? { idempotencyKey } : {}),
    });
    return definition.pageKey === undefined ? body : connection(definition, body);
  };
}

function nodeResolver(parts: ApiParts): Resolver {
  return async (_root, args, { requestId, from, authenticate }) => {
    const actor = await authenticate();
    return read(parts, { actor, requestId, from }, (call) => findNode(call, String(args['id'])));
  };
}

/** Relay's words for the words of a page. An argument that is null was left out. */
function queryInput(definition: OperationDefinition, args: Args): Args {
  const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null));
  if (definition.pageKey === undefined) return given;
  const { first, after, ...rest } = given;
  return {
    ...rest,
    ...(first === undefined ? {} : { limit: first }),
    ...(after === undefined ? {} : { cursor: after }),
  };
}

function connection(definition: OperationDefinition, body: Args): object {
  const { items, nextCursor } = body as unknown as Page;
  const key = definition.pageKey ?? 'id';
  const edges = items.map((node) => ({ cursor: encodeCursor(definition.name, String(node[key])), node }));
  return {
    edges,
    pageInfo: {
      hasNextPage: nextCursor !== undefined,
      hasPreviousPage: false,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/** graphql-js makes objects without a prototype; the schemas want plain ones. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

const jsonScalar = new GraphQLScalarType({
  name: 'JSON',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (ast, variables) => valueFromASTUntyped(ast, variables),
});
