import { readFileSync } from 'node:fs';
import { buildSchema, lexicographicSortSchema, printSchema, validateSchema } from 'graphql';
import { apiOperations } from '../operations.js';
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

  it('say which release they are of', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(openApiDocument(registry)).toMatchObject({ info: { version } });
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
