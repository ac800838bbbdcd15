import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { breaksOfGraphql, breaksOfRest } from './breaking.js';

const CONTRACTS = path.resolve('contracts');
const read = (...names: string[]): string => readFileSync(path.join(CONTRACTS, ...names), 'utf8');
const listed = read('breaking.md');

describe('the faces and those of former releases', () => {
  it.each(readdirSync(path.join(CONTRACTS, 'golden')))(
    'what a client of %s could do, it still can, or contracts/breaking.md lists it',
    (release) => {
      const found = [
        ...breaksOfRest(
          JSON.parse(read('golden', release, 'openapi.json')),
          JSON.parse(read('openapi.json')),
        ),
        ...breaksOfGraphql(read('golden', release, 'schema.graphql'), read('schema.graphql')),
      ];
      expect(found.filter((sentence) => !listed.includes(`- ${sentence}\n`))).toEqual([]);
    },
  );
});

describe('breaking changes of REST', () => {
  const schema = (properties: object, required: string[] = []): object => ({
    content: { 'application/json': { schema: { type: 'object', properties, required } } },
  });
  const document = (body: object, answer: object, parameters: object[] = []): object => ({
    paths: { '/v1/things': { post: { parameters, requestBody: body, responses: { 201: answer } } } },
  });
  const text = { type: 'string' };
  const base = document(
    schema({ a: text, kind: { ...text, enum: ['x', 'y'] } }),
    schema({ id: text }, ['id']),
    [{ in: 'query', name: 'limit' }],
  );

  it.each([
    ['the same', base, []],
    ['no such address', { paths: {} }, ['POST /v1/things is gone']],
    [
      'a field less to send, a value less, a new need, a parameter less, a field less to read',
      document(schema({ kind: { ...text, enum: ['x'] }, b: text }, ['b']), schema({})),
      [
        'POST /v1/things no longer takes query limit',
        'POST /v1/things body needs b',
        'POST /v1/things body.a is gone',
        'POST /v1/things body.kind no longer takes y',
        'POST /v1/things answer.id is gone',
      ],
    ],
    [
      'another kind',
      document(schema({ a: { type: 'number' }, kind: text }), schema({ id: text }, ['id']), [
        { in: 'query', name: 'limit' },
      ]),
      ['POST /v1/things body.a is no longer "string"'],
    ],
  ])('%s', (_name, after, breaks) => {
    expect(breaksOfRest(base, after)).toEqual(breaks);
  });
});
