import { ERROR_CODES } from '#libs/domain';
import { z } from 'zod';
import { keepsAnswers, type OperationDefinition } from '../../call/definition.js';
import { pathFields, type Registry } from '../../call/registry.js';

type Json = Record<string, unknown>;

const VERSION = '0.2.0';

/** The OpenAPI 3.1 document of the registry. Generated, so it cannot differ from what is served. */
export function openApiDocument(registry: Registry): Json {
  const schemas: Json = {};
  const paths: Record<string, Json> = {};
  for (const definition of registry.operations) {
    const { path, method } = definition.rest;
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationObject(definition, schemas) };
  }
  schemas['Problem'] = problemSchema();
  return {
    openapi: '3.1.0',
    info: { title: 'Towpath', version: VERSION, description: 'A Cloud Run that anyone can host.' },
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key, `tow_…`, or the access token of a signed-in person.',
        },
      },
      schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function operationObject(definition: OperationDefinition, schemas: Json): Json {
  const { name, summary, permission, rest, graphql } = definition;
  const body = requestBody(definition, schemas);
  return {
    operationId: name,
    summary,
    tags: [name.split('.')[0]],
    'x-permission': permission,
    ...(permission === 'anyone' ? { security: [] } : {}),
    ...(graphql ? { 'x-graphql': graphql } : {}),
    parameters: parameters(definition, schemas),
    ...(body ? { requestBody: body } : {}),
    responses: {
      [String(rest.status)]: answer(definition, schemas),
      ...(definition.waits
        ? { '200': { ...answer(definition, schemas), description: 'It has ended.' } }
        : {}),
      default: {
        description: 'Refused or failed.',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function answer(definition: OperationDefinition, schemas: Json): Json {
  const { media } = definition;
  if (media !== undefined) {
    const schema = { type: 'string', format: 'binary' };
    return { description: definition.summary, content: { [media]: { schema } } };
  }
  const schema = hoisted(definition.output, 'output', schemas);
  const json = definition.kind === 'stream' ? {} : { 'application/json': { schema } };
  const stream = definition.stream ? { 'text/event-stream': { schema: { type: 'string' } } } : {};
  return { description: definition.summary, content: { ...json, ...stream } };
}

const HEADER_FIELDS: Record<string, string> = { contentDigest: 'Content-Digest' };

function parameters(definition: OperationDefinition, schemas: Json): Json[] {
  const { properties, required } = inputSchema(definition, schemas);
  const inPath = pathFields(definition.rest.path);
  const list = Object.entries(properties).flatMap(([field, schema]): Json[] => {
    const { description, ...rest } = schema;
    const told = description === undefined ? {} : { description };
    if (inPath.includes(field)) return [{ name: field, in: 'path', required: true, ...told, schema: rest }];
    const header = HEADER_FIELDS[field];
    if (header) return [{ name: header, in: 'header', ...told, schema: rest }];
    if (hasJsonBody(definition) && field !== 'wait') return [];
    return [{ name: field, in: 'query', required: required.includes(field), ...told, schema: rest }];
  });
  return [...list, ...headerParameters(definition)];
}

function headerParameters(definition: OperationDefinition): Json[] {
  const text = { schema: { type: 'string' } };
  const idempotency = {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'The same key gives the same answer.',
  };
  const match = { name: 'If-Match', in: 'header', description: 'The version you read, in quotes.' };
  return [
    ...(keepsAnswers(definition) ? [{ ...idempotency, ...text }] : []),
    ...('version' in definition.input.shape ? [{ ...match, ...text }] : []),
  ];
}

function requestBody(definition: OperationDefinition, schemas: Json): Json | undefined {
  if (definition.body !== undefined) {
    return {
      required: true,
      content: { [definition.body]: { schema: { type: 'string', format: 'binary' } } },
    };
  }
  if (!hasJsonBody(definition)) return undefined;
  const { properties, required } = inputSchema(definition, schemas);
  const elsewhere = [...pathFields(definition.rest.path), 'wait'];
  const fields = Object.entries(properties).filter(([field]) => !elsewhere.includes(field));
  if (fields.length === 0) return undefined;
  const needed = required.filter((field) => !elsewhere.includes(field));
  const schema = {
    type: 'object',
    properties: Object.fromEntries(fields),
    ...(needed.length > 0 ? { required: needed } : {}),
    additionalProperties: false,
  };
  return { required: needed.length > 0, content: { 'application/json': { schema } } };
}

function hasJsonBody({ rest, body }: OperationDefinition): boolean {
  return body === undefined && rest.method !== 'GET' && rest.method !== 'DELETE';
}

function inputSchema(
  definition: OperationDefinition,
  schemas: Json,
): { properties: Record<string, Json>; required: string[] } {
  const schema = hoisted(definition.input, 'input', schemas);
  return {
    properties: (schema['properties'] ?? {}) as Record<string, Json>,
    required: (schema['required'] ?? []) as string[],
  };
}

/** The JSON schema; what has a name of its own goes to the components. */
function hoisted(type: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  const text = JSON.stringify(z.toJSONSchema(type, { io, unrepresentable: 'any' }));
  const {
    $schema: _same,
    $defs,
    ...schema
  } = JSON.parse(text.replaceAll('#/$defs/', '#/components/schemas/')) as Json;
  Object.assign(schemas, $defs);
  return schema;
}

function problemSchema(): Json {
  const text = { type: 'string' };
  return {
    type: 'object',
    description: 'RFC 9457, with our fields.',
    properties: {
      type: text,
      title: text,
      status: { type: 'integer' },
      code: { type: 'string', enum: Object.keys(ERROR_CODES) },
      detail: text,
      violations: {
        type: 'array',
        items: { type: 'object', properties: { field: text, message: text }, required: ['field', 'message'] },
      },
      nextStep: text,
      retryAfterSeconds: { type: 'integer' },
      requestId: text,
    },
    required: ['type', 'title', 'status', 'code', 'detail', 'requestId'],
  };
}
