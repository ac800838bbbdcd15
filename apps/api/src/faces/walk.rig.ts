import { buildSchema, getNamedType, isObjectType, type GraphQLOutputType } from 'graphql';
import type { ApiRig, RigAnswer } from '../api.rig.js';
import type { OperationDefinition } from '../call/definition.js';
import { pathFields } from '../call/registry.js';
import { apiOperations } from '../operations.js';
import { graphqlSdl } from './graphql/sdl.js';

export type Input = Record<string, unknown>;

export const registry = apiOperations();
const schema = buildSchema(graphqlSdl(registry));

/** One operation over REST: its input put into path, query and body as the definition says. */
export function overRest(
  rig: ApiRig,
  key: string | undefined,
  definition: OperationDefinition,
  input: Input,
): Promise<RigAnswer> {
  const { method, path } = definition.rest;
  const inPath = pathFields(path);
  const url = path.replace(/\{(\w+)\}/g, (_whole, field: string) => encodeURIComponent(String(input[field])));
  const rest = Object.entries(input).filter(([field]) => !inPath.includes(field));
  if (definition.body !== undefined) {
    return rig.call(method, url, {
      key,
      payload: Buffer.from('x'),
      headers: { 'content-type': definition.body },
    });
  }
  if (method === 'GET' || method === 'DELETE') {
    const query = new URLSearchParams(rest.map(([field, value]) => [field, String(value)])).toString();
    return rig.call(method, query === '' ? url : `${url}?${query}`, { key });
  }
  return rig.call(method, url, { key, body: Object.fromEntries(rest) });
}

export interface GraphqlOutcome {
  code?: string;
  body?: unknown;
}

/** The same operation over GraphQL, with every field of its answer; a connection comes back as a page. */
export async function overGraphql(
  rig: ApiRig,
  key: string | undefined,
  definition: OperationDefinition,
  input: Input,
): Promise<GraphqlOutcome> {
  const field = definition.graphql ?? '';
  const command = definition.kind === 'command';
  const root = command ? schema.getMutationType() : schema.getQueryType();
  const declared = root?.getFields()[field];
  if (!declared) throw new Error(`GraphQL has no ${field}`);
  const given: Input = command ? { input } : renamed(input);
  const variables = declared.args.filter(({ name }) => name in given);
  const head = variables.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ');
  const args = variables.map(({ name }) => `${name}: $${name}`).join(', ');
  const call = `${field}${args === '' ? '' : `(${args})`} ${selection(declared.type)}`;
  const document = `${command ? 'mutation' : 'query'} Walk${head === '' ? '' : `(${head})`} { ${call} }`;
  const { data, errors } = await rig.graphql(key, document, given);
  if (errors?.[0]) return { code: String(errors[0].extensions['code']) };
  return { body: withoutNulls(pageOf(data[field])) };
}

/** Everything of a type, as deep as it goes. */
export function selection(type: GraphQLOutputType): string {
  const named = getNamedType(type);
  if (!isObjectType(named)) return '';
  const fields = Object.values(named.getFields()).map((field) => `${field.name} ${selection(field.type)}`);
  return `{ ${fields.join(' ')} }`;
}

function renamed(input: Input): Input {
  const { limit, cursor, ...rest } = input;
  return {
    ...rest,
    ...(limit === undefined ? {} : { first: limit }),
    ...(cursor === undefined ? {} : { after: cursor }),
  };
}

function pageOf(body: unknown): unknown {
  const { edges, pageInfo } = (body ?? {}) as {
    edges?: { node: unknown }[];
    pageInfo?: { hasNextPage: boolean; endCursor: string };
  };
  if (!edges || !pageInfo) return body;
  const nextCursor = pageInfo.hasNextPage ? { nextCursor: pageInfo.endCursor } : {};
  return { items: edges.map(({ node }) => node), ...nextCursor };
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutNulls(inner)]));
}
