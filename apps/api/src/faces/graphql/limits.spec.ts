import { GraphQLError, buildSchema, getIntrospectionQuery } from 'graphql';
import { TowpathError } from '#libs/domain';
import { apiOperations } from '../../operations.js';
import { CostModel } from './cost.js';
import { Documents } from './documents.js';
import { honestDocuments } from './honest.rig.js';
import { hostileDocuments } from './hostile.rig.js';
import { graphqlSdl } from './sdl.js';

const schema = buildSchema(graphqlSdl(apiOperations()));
const documents = new Documents();
const reason = (query: string, variables: Record<string, unknown> = {}): TowpathError | string => {
  const admitted = documents.admit(schema, { query, variables });
  if (!Array.isArray(admitted)) return 'admitted';
  const cause = (admitted[0] as GraphQLError).originalError;
  return cause instanceof TowpathError ? cause : (admitted[0] as GraphQLError).message;
};

describe('the cost of a document', () => {
  const many = `{ ${Array.from({ length: 20 }, (_, at) => `a${at}: __typename`).join(' ')} }`;

  it.each<[string, string, number, Record<string, unknown>?]>([
    ['one object is a transaction and itself', '{ trust { __typename } }', 11],
    ['scalars cost nothing', '{ trust { __typename a: __typename b: __typename } }', 11],
    ['a list is multiplied by the standard page', '{ projects { edges { cursor } } }', 61],
    ['by the page that is asked for', '{ projects(first: 7) { edges { cursor } } }', 18],
    [
      'with what every item holds',
      '{ projects(first: 7) { edges { node { id } } pageInfo { endCursor } } }',
      26,
    ],
    [
      'by the page of a variable',
      'query($n: Int) { projects(first: $n) { edges { cursor } } }',
      41,
      { n: 30 },
    ],
    ['by its default', 'query($n: Int = 3) { projects(first: $n) { edges { cursor } } }', 14],
    [
      'by the standard page when the variable is null',
      'query($n: Int) { projects(first: $n) { edges { cursor } } }',
      61,
      { n: null },
    ],
    ['a list without pages counts 10', '{ traffic(project: "p", service: "s") { intent { percent } } }', 21],
    ['in a fragment as well', '{ ...f } fragment f on Query { projects(first: 7) { edges { cursor } } }', 18],
    [
      'under a type condition as well',
      '{ node(id: "x") { ... on Service { status { conditions { type } } } } }',
      22,
    ],
    ['a mutation is dearer', 'mutation { endSession(input: { session: "x" }) { __typename } }', 51],
    ['operations are added up', 'query a { trust { __typename } } query b { trust { __typename } }', 22],
    ['names of types are free', many, 0],
  ])('%s', (_what, query, cost, variables = {}) => {
    const operationName = query.includes('query a') ? 'a' : null;
    const admitted = documents.admit(schema, { query, variables, operationName });
    const { document } = admitted as { document: Parameters<CostModel['of']>[0] };
    expect(document === undefined ? admitted : new CostModel(schema).of(document, variables).cost).toBe(cost);
  });

  it('is told with its limit and a next step', () => {
    expect(reason('{ projects(first: 20000) { edges { cursor } } }')).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'The document asks for too much: cost is 20011, at most 10000.',
      violations: [{ field: 'cost', message: 'is 20011, at most 10000' }],
      nextStep: expect.stringContaining('smaller pages') as string,
    });
  });
});

it('the query of tools that learn a schema is admitted, twice of it is not', () => {
  const query = getIntrospectionQuery({ oneOf: true, inputValueDeprecation: true, specifiedByUrl: true });
  expect(reason(query)).toBe('admitted');
  const twice = query.replace(
    '__schema {',
    '__schema { types { fields { args { type { name ofType { name } } } } } } other: __schema {',
  );
  expect(reason(twice)).not.toBe('admitted');
});

it('every hostile document is refused, every honest one admitted', () => {
  const hostile = hostileDocuments(schema).filter(
    ({ query, variables }) => variables === undefined && !query.includes('$input'),
  );
  const refused = hostile.map(({ name, query, operationName }) => ({
    name,
    refused: Array.isArray(documents.admit(schema, { query, operationName })),
  }));
  expect(refused.filter((one) => !one.refused)).toEqual([]);
  const honest = honestDocuments(schema);
  expect(honest.filter(({ query, variables }) => reason(query, variables) !== 'admitted')).toEqual([]);
  expect([hostile.length > 200, honest.length > 60]).toEqual([true, true]);
});
