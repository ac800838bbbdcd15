import type { Api } from './api.js';

/** One operation as the installation's own OpenAPI document tells it. */
export interface WalkedOperation {
  name: string;
  method: string;
  path: string;
  permission: string;
  /** Field of Query or Mutation; absent when only REST carries it. */
  graphql?: string;
}

export type Fields = Record<string, unknown>;

interface OpenApi {
  paths: Record<
    string,
    Record<string, { operationId: string; 'x-permission': string; 'x-graphql'?: string }>
  >;
}

/** Every operation of the installation, from `/v1/openapi.json`. */
export async function operationsOf(api: Api): Promise<WalkedOperation[]> {
  const document = await api.ok<OpenApi>('GET', '/v1/openapi.json');
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: operation.operationId,
      method: method.toUpperCase(),
      path,
      permission: operation['x-permission'],
      ...(operation['x-graphql'] ? { graphql: operation['x-graphql'] } : {}),
    })),
  );
}

/** What a face answered: the value, or the code of the error. */
export interface Outcome {
  value?: unknown;
  code?: string;
}

/** Sends fields where REST wants them: path, then body, or query when the method has none. */
export async function overRest(api: Api, operation: WalkedOperation, fields: Fields): Promise<Outcome> {
  const rest = { ...fields };
  const path = operation.path.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = String(rest[name]);
    delete rest[name];
    return encodeURIComponent(value);
  });
  const hasBody = ['POST', 'PUT', 'PATCH'].includes(operation.method);
  const wait = hasBody && typeof rest['wait'] === 'string' ? `?wait=${rest['wait']}` : '';
  if (hasBody) delete rest['wait'];
  const query = hasBody ? wait : `?${new URLSearchParams(rest as Record<string, string>).toString()}`;
  const answer = await api.request<{ code?: string }>(
    operation.method,
    `${path}${query}`,
    hasBody ? rest : undefined,
  );
  return answer.status < 400 ? { value: answer.body } : { code: answer.body.code ?? String(answer.status) };
}

/** Sends the same fields through GraphQL and asks for everything the answer's type holds. */
export async function overGraphql(api: Api, operation: WalkedOperation, fields: Fields): Promise<Outcome> {
  const schema = await schemaOf(api);
  const inQuery = fieldOf(schema, 'Query', operation);
  const field = inQuery ?? fieldOf(schema, 'Mutation', operation);
  if (!field) throw new Error(`GraphQL has no field ${operation.graphql}`);
  const isQuery = inQuery !== undefined;
  const variables: Fields = isQuery ? fields : { input: fields };
  const used = field.args.filter(({ name }) => variables[name] !== undefined);
  const declared = inParentheses(used.map(({ name, type }) => `$${name}: ${typeText(type)}`));
  const passed = inParentheses(used.map(({ name }) => `${name}: $${name}`));
  const selection = schema.selection(field.type, []);
  const document = `${isQuery ? 'query' : 'mutation'}${declared} { answer: ${field.name}${passed} ${selection} }`;
  const answer = await api.graphql<{ answer: unknown }>(document, variables);
  const [error] = answer.errors ?? [];
  return error ? { code: error.extensions?.code ?? error.message } : { value: answer.data?.answer };
}

function fieldOf(schema: Schema, type: string, { graphql }: WalkedOperation): Field | undefined {
  return schema.type(type).fields?.find(({ name }) => name === graphql);
}

const inParentheses = (parts: string[]): string => (parts.length === 0 ? '' : `(${parts.join(', ')})`);

interface TypeRef {
  kind: string;
  name: string | null;
  ofType: TypeRef | null;
}

interface Field {
  name: string;
  args: { name: string; type: TypeRef }[];
  type: TypeRef;
}

interface TypeJson {
  name: string;
  kind: string;
  fields: Field[] | null;
}

interface Schema {
  type(name: string): TypeJson;
  /** Every field below a type; a type inside itself is left out. */
  selection(type: TypeRef, within: readonly string[]): string;
}

const REF = 'kind name ofType { kind name ofType { kind name ofType { kind name } } }';
const INTROSPECTION = `{ __schema { types { name kind fields { name type { ${REF} } args { name type { ${REF} } } } } } }`;
const schemas = new Map<string, Promise<Schema>>();

function schemaOf(api: Api): Promise<Schema> {
  let schema = schemas.get(api.url);
  if (!schema) {
    schema = readSchema(api);
    schemas.set(api.url, schema);
  }
  return schema;
}

async function readSchema(api: Api): Promise<Schema> {
  const answer = await api.graphql<{ __schema: { types: TypeJson[] } }>(INTROSPECTION);
  const types = new Map(answer.data?.__schema.types.map((type) => [type.name, type]));
  const schema: Schema = {
    type: (name) => {
      const type = types.get(name);
      if (!type) throw new Error(`GraphQL has no type ${name}`);
      return type;
    },
    selection: (ref, within) => {
      const type = schema.type(named(ref));
      if (!type.fields || within.includes(type.name)) return '';
      const parts = type.fields.flatMap((field) => {
        const leaf = schema.type(named(field.type)).fields === null;
        const inner = schema.selection(field.type, [...within, type.name]);
        return leaf || inner !== '' ? [`${field.name} ${inner}`] : [];
      });
      return `{ ${parts.join(' ')} }`;
    },
  };
  return schema;
}

const named = (ref: TypeRef): string => (ref.ofType ? named(ref.ofType) : (ref.name ?? ''));

function typeText(ref: TypeRef): string {
  if (ref.kind === 'NON_NULL' && ref.ofType) return `${typeText(ref.ofType)}!`;
  if (ref.kind === 'LIST' && ref.ofType) return `[${typeText(ref.ofType)}]`;
  return ref.name ?? '';
}

/**
 * The answer without what a face adds by its nature: connections become lists, absent and null are the same, and
 * cursors go.
 */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  const record = value as Fields;
  if (Array.isArray(record['edges'])) return record['edges'].map((edge) => plain((edge as Fields)['node']));
  if (
    Array.isArray(record['items']) &&
    Object.keys(record).every((key) => ['items', 'nextCursor'].includes(key))
  ) {
    return record['items'].map(plain);
  }
  return Object.fromEntries(
    Object.entries(record)
      .filter(([, inner]) => inner !== null && inner !== undefined)
      .map(([key, inner]) => [key, plain(inner)])
      .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  );
}

/** The same for two things made one after the other: ids, times, digests of them and secrets become their kind. */
export function likeness(value: unknown): unknown {
  const text = JSON.stringify(plain(value))
    .replace(/\b([a-z]{2,3})_[a-z0-9]{20}\b/g, '$1')
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time')
    .replace(/\btow[a-z]*_[\w-]{4,}|\bwhsec_[\w+/]+=*|\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'credential');
  return JSON.parse(text) as unknown;
}
