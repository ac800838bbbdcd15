import { readFileSync } from 'node:fs';
import { buildSchema, lexicographicSortSchema, parse, printSchema, validate, validateSchema } from 'graphql';
import { apiOperations } from '../operations.js';
import { limitsRule } from './graphql/limits.js';
import { graphqlSdl } from './graphql/sdl.js';
import { openApiDocument } from './openapi/openapi.js';

const registry = apiOperations();
const sdl = graphqlSdl(registry);
const schema = buildSchema(sdl);

describe('the generated faces', () => {
  it('are the committed ones', () => {
    const committed = (name: string): string => readFileSync(`contracts/${name}`, 'utf8');
    expect(JSON.parse(committed('openapi.json'))).toEqual(openApiDocument(registry));
    expect(committed('schema.graphql').trim()).toBe(printSchema(lexicographicSortSchema(schema)).trim());
  });

  it('GraphQL is a valid schema with every operation that has a field', () => {
    expect(validateSchema(schema)).toEqual([]);
    const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}),
    );
    const declared = registry.operations.flatMap(({ graphql }) => (graphql === undefined ? [] : [graphql]));
    expect(fields.sort()).toEqual([...declared, 'node'].sort());
  });

  it('OpenAPI names no component that it does not hold', () => {
    const document = openApiDocument(registry) as { components: { schemas: Record<string, unknown> } };
    const text = JSON.stringify(document);
    const named = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => !(name in document.components.schemas))).toEqual([]);
    expect(text).not.toContain('$defs');
  });
});

describe('limits of a document', () => {
  const errors = (document: string): string[] =>
    validate(schema, parse(document), [limitsRule]).map(({ message }) => message);

  it.each<[string, string, boolean]>([
    ['a page with everything', '{ projects(first: 100) { edges { node { id name handle } } } }', true],
    ['many aliases', `{ ${Array.from({ length: 31 }, (_, n) => `a${n}: __typename`).join(' ')} }`, false],
    ['depth', `{ a${' { a'.repeat(13)} ${'}'.repeat(13)} }`, false],
    ['fragments that grow', bomb(), false],
    ['a fragment that holds itself', 'query { ...f } fragment f on Query { __typename ...f }', true],
  ])('%s', (_what, document, fine) => {
    expect(errors(document).length === 0).toBe(fine);
  });

  function bomb(): string {
    const levels = Array.from(
      { length: 12 },
      (_, n) => `fragment f${n} on Query { ...f${n + 1} ...f${n + 1} ...f${n + 1} }`,
    );
    return `query { ...f0 } ${levels.join(' ')} fragment f12 on Query { __typename }`;
  }
});
