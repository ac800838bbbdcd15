import { parse, type GraphQLField, type GraphQLSchema } from 'graphql';
import { rootFields, whole, type SentDocument } from './honest.rig.js';

const repeat = (count: number, one: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => one(at)).join(' ');
const nested = (open: string, middle: string, close: string, depth: number): string =>
  open.repeat(depth) + middle + close.repeat(depth);

/** Documents against every limit, made from the schema; each must be refused before anything of it runs. */
export function hostileDocuments(schema: GraphQLSchema): SentDocument[] {
  return [
    ...tooDeep(),
    ...tooMany(schema),
    ...tooDear(schema),
    ...fragments(),
    ...directives(),
    ...operations(),
    ...introspection(),
    ...texts(),
    ...variables(),
  ];
}

function tooDeep(): SentDocument[] {
  const depths = [13, 20, 50, 200, 600, 900, 3_000, 9_000];
  return depths.flatMap((depth) => [
    { name: `depth ${depth}`, query: `{ ${nested('a{', 'a', '}', depth)} }` },
    { name: `inline fragments ${depth}`, query: `{ ${nested('...{', 'whoam', '}', depth)} }` },
    { name: `a list in a list ${depth}`, query: `{ node(id: ${nested('[', '1', ']', depth)}) { id } }` },
    {
      name: `an object in an object ${depth}`,
      query: `{ node(id: ${nested('{a:', '1', '}', depth)}) { id } }`,
    },
    { name: `a type of lists ${depth}`, query: `query($a: ${nested('[', 'Int', ']', depth)}) { whoam }` },
  ]);
}

function tooMany(schema: GraphQLSchema): SentDocument[] {
  const byField = rootFields(schema).flatMap(([name, field]) => [
    { name: `31 aliases of ${name}`, query: `{ ${repeat(31, (at) => `a${at}: ${whole(name, field)}`)} }` },
    { name: `${name} 21 times`, query: `{ ${repeat(21, () => `${name}${args(field)} { __typename }`)} }` },
  ]);
  const counts = [501, 700, 990, 5_000];
  return [
    ...byField,
    ...counts.map((count) => ({
      name: `one field ${count} times`,
      query: `{ whoami { ${repeat(count, () => '__typename')} } }`,
    })),
    ...[31, 300, 600].map((count) => ({
      name: `${count} inner aliases`,
      query: `{ whoami { ${repeat(count, (at) => `a${at}: __typename`)} } }`,
    })),
    ...[21, 100, 400].map((count) => ({
      name: `${count} sign-ins at once`,
      query: `mutation { ${repeat(count, (at) => `a${at}: signIn(input: { email: "a@example.com", password: "${at}" }) { __typename }`)} }`,
    })),
  ];
}

function args(field: GraphQLField<unknown, unknown>): string {
  const needed = field.args.filter(({ type }) => String(type).endsWith('!'));
  return needed.length === 0 ? '' : `(${needed.map(({ name }) => `${name}: "x"`).join(', ')})`;
}

function tooDear(schema: GraphQLSchema): SentDocument[] {
  const paged = rootFields(schema).filter(([, field]) => field.args.some(({ name }) => name === 'first'));
  return paged.flatMap(([name, field]) => [
    ...[10_001, 2_147_483_647].map((first) => ({
      name: `${name} with a page of ${first}`,
      query: `{ ${whole(name, field, [`first: ${first}`])} }`,
    })),
    {
      name: `${name} with a page of a variable`,
      query: `query($n: Int) { ${whole(name, field, ['first: $n'])} }`,
      variables: { n: 1_000_000 },
    },
    {
      name: `${name} with a page of a variable nobody gives`,
      query: `query($n: Int = 1000000) { ${whole(name, field, ['first: $n'])} }`,
    },
    {
      name: `${name} with a page inside a fragment`,
      query: `query { ...f } fragment f on Query { ${whole(name, field, ['first: 99999'])} }`,
    },
  ]);
}

function fragments(): SentDocument[] {
  const ring = (length: number): string =>
    repeat(length, (at) => `fragment f${at} on Query { ...f${(at + 1) % length} }`);
  const bomb = (levels: number, width: number): string =>
    `{ ...f0 } ${repeat(levels, (at) => `fragment f${at} on Query { ${repeat(width, () => `...f${at + 1}`)} }`)} fragment f${levels} on Query { whoami { __typename } }`;
  return [
    ...[1, 2, 3, 10, 50, 200].map((length) => ({
      name: `a ring of ${length} fragments`,
      query: `{ ...f0 } ${ring(length)}`,
    })),
    ...[4, 8, 12, 20, 30].flatMap((levels) =>
      [5, 10, 20].map((width) => ({
        name: `fragments ${width} wide, ${levels} deep`,
        query: bomb(levels, width),
      })),
    ),
    ...[10, 100, 300].map((count) => ({
      name: `${count} fragments that nobody uses`,
      query: `{ whoami { __typename } } ${repeat(count, (at) => `fragment f${at} on Query { whoami { __typename } }`)}`,
    })),
    { name: 'a fragment that is not there', query: '{ ...nobody }' },
    {
      name: 'two fragments of one name',
      query:
        '{ ...f } fragment f on Query { node(id: "x") { id } } fragment f on Query { whoami { __typename } }',
    },
    {
      name: 'a fragment in itself, often',
      query: `{ ...f } fragment f on Query { ${repeat(400, () => '...f')} }`,
    },
  ];
}

function directives(): SentDocument[] {
  return [51, 200, 450, 3_000].flatMap((count) => [
    {
      name: `${count} directives of one field`,
      query: `{ whoami ${repeat(count, () => '@include(if: true)')} { __typename } }`,
    },
    {
      name: `${count} unknown directives`,
      query: `{ whoami ${repeat(count, (at) => `@a${at}`)} { __typename } }`,
    },
    {
      name: `${count} directives of the operation`,
      query: `query ${repeat(count, (at) => `@a${at}`)} { whoami { __typename } }`,
    },
    {
      name: `${count} directives of a variable`,
      query: `query($a: Int ${repeat(count, (at) => `@a${at}`)}) { whoami { __typename } }`,
    },
  ]);
}

function operations(): SentDocument[] {
  const one = (name: string): string => `query ${name} { whoami { __typename } }`;
  return [
    ...[11, 50, 250, 2_000].map((count) => ({
      name: `${count} operations`,
      query: repeat(count, (at) => one(`q${at}`)),
      operationName: 'q0',
    })),
    { name: 'two operations of one name', query: one('q') + one('q'), operationName: 'q' },
    { name: 'two operations without a name', query: one('') + one('') },
    { name: 'two operations, none chosen', query: one('a') + one('b') },
    { name: 'an operation that is not there', query: one('a'), operationName: 'b' },
    { name: 'no operation', query: 'fragment f on Query { whoami { __typename } }' },
    { name: 'a type', query: 'type Query { a: Int }' },
    { name: 'a schema', query: 'extend schema { query: Mutation }' },
    {
      name: 'a dear operation beside the one that runs',
      query: `${one('a')} query b { projects(first: 100000) { edges { cursor } } }`,
      operationName: 'a',
    },
  ];
}

function introspection(): SentDocument[] {
  const deep = (levels: number): string =>
    `{ __schema { types { ${nested('fields { type { ', 'name', ' } }', levels)} } } }`;
  const types = repeat(
    20,
    (at) => `t${at}: __type(name: "Service") { fields { type { fields { args { type { name } } } } } }`,
  );
  return [
    ...[3, 5, 30, 300].map((levels) => ({ name: `introspection ${levels} deep`, query: deep(levels) })),
    ...[10, 15, 20].map((count) => ({
      name: `the schema ${count} times`,
      query: `{ ${repeat(count, (at) => `s${at}: __schema { types { fields { args { type { name } } type { name } } } }`)} }`,
    })),
    { name: '20 types', query: `{ ${types} ${types.replaceAll('t', 'u')} }` },
    {
      name: 'fields under many names',
      query: `{ __schema { types { ${repeat(25, (at) => `f${at}: fields { type { ofType { name } } args { type { name } } }`)} } } }`,
    },
    {
      name: 'possible types of possible types',
      query: `{ __schema { types { ${nested('possibleTypes { interfaces { ', 'name', ' } }', 6)} } } }`,
    },
  ];
}

function texts(): SentDocument[] {
  const good = '{ whoami { actor { id } } }';
  const cuts = Array.from({ length: good.length - 1 }, (_, at) => at + 1).filter((at) => at % 2 === 0);
  return [
    ...cuts.map((at) => ({ name: `cut after ${at}`, query: good.slice(0, at) })),
    ...[20_001, 100_000, 900_000].flatMap((length) => [
      { name: `${length} commas`, query: good + ','.repeat(length) },
      { name: `a comment of ${length}`, query: `${good} #${'x'.repeat(length)}` },
      { name: `a name of ${length}`, query: `{ ${'x'.repeat(length)} }` },
      { name: `a string of ${length}`, query: `{ node(id: "${'x'.repeat(length)}") { id } }` },
      {
        name: `a number of ${length} digits`,
        query: `{ projects(first: 1${'0'.repeat(length)}) { edges { cursor } } }`,
      },
    ]),
    {
      name: 'a number of 300 digits',
      query: `{ projects(first: 1${'0'.repeat(300)}) { edges { cursor } } }`,
    },
    { name: 'braces', query: '{'.repeat(15_000) },
    { name: '1,999 unknown fields', query: `{ ${repeat(1_900, (at) => `whoam${at}`)} }` },
    {
      name: 'unknown types',
      query: `query(${repeat(300, (at) => `$a${at}: Servic${at}`)}) { whoami { __typename } }`,
    },
    { name: 'nothing', query: ' ' },
    { name: 'a NUL', query: `${good}\0` },
    { name: 'an emoji', query: '{ 🙂 }' },
    { name: 'half a surrogate', query: '{ \ud800 }' },
    { name: 'a syntax tree in JSON', query: JSON.stringify(parse(good)) },
    { name: 'a syntax tree with a place', query: JSON.stringify({ ...parse(good), loc: { start: 0 } }) },
    ...['null', '[]', '""', '1', 'true', '{"kind":"Document"}', '{"kind":"Document","definitions":{}}'].map(
      (query) => ({ name: `the JSON ${query}`, query }),
    ),
  ];
}

function variables(): SentDocument[] {
  const one = 'mutation($input: CreateProjectInput!) { createProject(input: $input) { id } }';
  const traffic = 'mutation($input: SetTrafficInput!) { setTraffic(input: $input) { __typename } }';
  return [
    ...[100, 5_000, 100_000].map((levels) => ({
      name: `a variable ${levels} deep`,
      query: one,
      variablesText: `{"input":{"name":${nested('{"a":', '1', '}', levels)}}}`,
    })),
    ...[1_000, 40_000].map((count) => ({
      name: `a list of ${count}`,
      query: traffic,
      variables: { input: { project: 'x', service: 'x', traffic: Array(count).fill({}) } },
    })),
    {
      name: 'a field of a prototype',
      query: one,
      variables: { input: JSON.parse('{"name":"a","constructor":{}}') as object },
    },
    { name: 'a list for an object', query: one, variables: { input: [[[{ name: 'a' }]]] } },
    { name: 'a number for an object', query: one, variables: { input: 1e308 } },
    {
      name: '10,000 unknown fields',
      query: one,
      variables: { input: Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`f${at}`, 1])) },
    },
    { name: 'a variable that is missing', query: one },
  ];
}
