import { buildSchema, findBreakingChanges } from 'graphql';

type Json = Record<string, unknown>;
const asObject = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
const asList = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

/** What a client of the former GraphQL schema could no longer do, one sentence each. */
export function breaksOfGraphql(before: string, after: string): string[] {
  return findBreakingChanges(buildSchema(before), buildSchema(after)).map(({ description }) => description);
}

/** What a client of the former REST document could no longer do or read, one sentence each. */
export function breaksOfRest(before: unknown, after: unknown): string[] {
  const [old, now] = [asObject(before), asObject(after)];
  const found: string[] = [];
  for (const [path, methods] of Object.entries(asObject(old['paths']))) {
    for (const [method, operation] of Object.entries(asObject(methods))) {
      const name = `${method.toUpperCase()} ${path}`;
      const other = asObject(asObject(now['paths'])[path])[method];
      if (other === undefined) found.push(`${name} is gone`);
      else found.push(...operationBreaks(name, [old, asObject(operation)], [now, asObject(other)]));
    }
  }
  return found;
}

type In = readonly [document: Json, node: Json];

function operationBreaks(name: string, [old, before]: In, [now, after]: In): string[] {
  const body = ({ requestBody }: Json): Json => schemaOf(asObject(requestBody));
  const answer = ({ responses }: Json): Json =>
    schemaOf(asObject(Object.entries(asObject(responses)).find(([status]) => status.startsWith('2'))?.[1]));
  return [
    ...parameterBreaks(name, before, after),
    ...schemaBreaks(`${name} body`, [old, body(before)], [now, body(after)], true),
    ...schemaBreaks(`${name} answer`, [old, answer(before)], [now, answer(after)], false),
  ];
}

function schemaOf({ content }: Json): Json {
  return asObject(asObject(asObject(content)['application/json'])['schema']);
}

function parameterBreaks(name: string, before: Json, after: Json): string[] {
  const keyed = ({ parameters }: Json): Map<string, Json> =>
    new Map(
      asList(parameters)
        .map(asObject)
        .map((one) => [`${String(one['in'])} ${String(one['name'])}`, one]),
    );
  const [old, now] = [keyed(before), keyed(after)];
  const gone = [...old.keys()].filter((key) => !now.has(key)).map((key) => `${name} no longer takes ${key}`);
  const wanted = [...now].filter(
    ([key, one]) => one['required'] === true && old.get(key)?.['required'] !== true,
  );
  return [...gone, ...wanted.map(([key]) => `${name} needs ${key}`)];
}

/** Compares two schemas; `input`: what is sent, where a new need breaks. A reference met again is not followed. */
function schemaBreaks(
  name: string,
  before: In,
  after: In,
  input: boolean,
  met: readonly string[] = [],
): string[] {
  const [old, a] = resolved(before);
  const [now, b] = resolved(after);
  const reference = before[1]['$ref'];
  if (typeof reference === 'string' && met.includes(reference)) return [];
  const seen = typeof reference === 'string' ? [...met, reference] : met;
  const kinds = a['type'] !== undefined && JSON.stringify(a['type']) !== JSON.stringify(b['type']);
  const missing = input ? asList(a['enum']).filter((value) => !asList(b['enum']).includes(value)) : [];
  return [
    ...(kinds ? [`${name} is no longer ${JSON.stringify(a['type'])}`] : []),
    ...(b['enum'] === undefined ? [] : missing.map((value) => `${name} no longer takes ${String(value)}`)),
    ...needs(name, a, b, input),
    ...Object.entries(asObject(a['properties'])).flatMap(([key, part]) => {
      const other = asObject(b['properties'])[key];
      if (other === undefined) return [`${name}.${key} is gone`];
      return schemaBreaks(`${name}.${key}`, [old, asObject(part)], [now, asObject(other)], input, seen);
    }),
    ...(a['items'] === undefined
      ? []
      : schemaBreaks(`${name}[]`, [old, asObject(a['items'])], [now, asObject(b['items'])], input, seen)),
  ];
}

function needs(name: string, a: Json, b: Json, input: boolean): string[] {
  const [old, now] = [asList(a['required']), asList(b['required'])];
  if (input) return now.filter((key) => !old.includes(key)).map((key) => `${name} needs ${String(key)}`);
  const parts = asObject(b['properties']);
  const lost = old.filter((key) => !now.includes(key) && parts[String(key)] !== undefined);
  return lost.map((key) => `${name} may lack ${String(key)}`);
}

function resolved([document, node]: In): In {
  const reference = node['$ref'];
  if (typeof reference !== 'string') return [document, node];
  const target = reference
    .replace(/^#\//, '')
    .split('/')
    .reduce((at, key) => asObject(at[key]), document);
  return [document, target];
}
