import { refuseIfAny, type Violation } from '#libs/domain';
import { z } from 'zod';
import type { OperationDefinition } from '../../call/definition.js';
import { pathFields } from '../../call/registry.js';

/** What REST reads of an HTTP request. */
export interface RestMessage {
  params: Record<string, string>;
  query: Record<string, unknown>;
  headers: Record<string, string | string[] | undefined>;
  body: unknown;
}

/** Query parameters that may stand beside a body. */
const BESIDE_BODY = ['wait'];

/**
 * Puts path, query, body and the headers that are fields (If-Match, Content-Digest) into one object.
 * @throws TowpathError INVALID_ARGUMENT for what stands in the wrong place
 */
export function restInput(definition: OperationDefinition, message: RestMessage): Record<string, unknown> {
  const fromPath = pathFields(definition.rest.path);
  const body = bodyOf(definition, message.body);
  const hasBody = definition.rest.method !== 'GET' && definition.rest.method !== 'DELETE';
  refuseIfAny([
    ...Object.keys(body)
      .filter((field) => fromPath.includes(field))
      .map((field) => ({ field, message: 'is given by the path' })),
    ...Object.keys(message.query).flatMap((field) => queryProblem(field, hasBody, fromPath)),
  ]);
  return {
    ...body,
    ...typedQuery(definition, message.query),
    ...headerFields(definition, message.headers, body),
    ...Object.fromEntries(fromPath.map((field) => [field, message.params[field]])),
  };
}

function bodyOf(definition: OperationDefinition, body: unknown): Record<string, unknown> {
  if (definition.body !== undefined || body === undefined || body === null) return {};
  if (typeof body !== 'object' || Array.isArray(body)) {
    refuseIfAny([{ field: 'body', message: 'must be a JSON object' }]);
  }
  return body as Record<string, unknown>;
}

function queryProblem(field: string, hasBody: boolean, fromPath: string[]): Violation[] {
  if (fromPath.includes(field)) return [{ field, message: 'is given by the path' }];
  if (hasBody && !BESIDE_BODY.includes(field)) return [{ field, message: 'is not a known query parameter' }];
  return [];
}

const types = new WeakMap<OperationDefinition, Record<string, string | undefined>>();

/** A query is text; numbers and booleans are read as their field declares, anything else is left to the check. */
function typedQuery(
  definition: OperationDefinition,
  query: Record<string, unknown>,
): Record<string, unknown> {
  const declared = types.get(definition) ?? declaredTypes(definition);
  types.set(definition, declared);
  return Object.fromEntries(
    Object.entries(query).map(([field, value]) => [field, typed(declared[field], value)]),
  );
}

function typed(type: string | undefined, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (type === 'integer' && /^-?\d{1,15}$/.test(value)) return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

function declaredTypes(definition: OperationDefinition): Record<string, string | undefined> {
  const schema = z.toJSONSchema(definition.input, { io: 'input', unrepresentable: 'any' });
  const entries = Object.entries(schema.properties ?? {});
  return Object.fromEntries(
    entries.map(([field, property]) => [
      field,
      typeof property === 'object' ? String(property.type) : undefined,
    ]),
  );
}

function headerFields(
  definition: OperationDefinition,
  headers: RestMessage['headers'],
  body: Record<string, unknown>,
): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  const { shape } = definition.input;
  const ifMatch = headers['if-match'];
  if ('version' in shape && typeof ifMatch === 'string' && ifMatch !== '*' && body['version'] === undefined) {
    fields['version'] = ifMatch.replace(/^(W\/)?"(.*)"$/, '$2');
  }
  const digest = headers['content-digest'];
  if ('contentDigest' in shape && digest !== undefined) fields['contentDigest'] = String(digest);
  return fields;
}
