import { isObjectType, type GraphQLField, type GraphQLSchema } from 'graphql';
import { selection } from '../walk.rig.js';

/** A document as a client sends it. */
export interface SentDocument {
  name: string;
  query: string;
  variables?: Record<string, unknown>;
  /** Variables in JSON, where there are too many levels for JSON.stringify. */
  variablesText?: string;
  operationName?: string;
}

type Fields = [string, GraphQLField<unknown, unknown>][];

export function rootFields(schema: GraphQLSchema): Fields {
  return Object.entries(schema.getQueryType()?.getFields() ?? {});
}

/** The field with arguments that are well-formed, and everything of its answer. */
export function whole(name: string, field: GraphQLField<unknown, unknown>, more: string[] = []): string {
  const needed = field.args.filter(({ type }) => String(type).endsWith('!'));
  const args = [...needed.map((arg) => `${arg.name}: "x"`), ...more];
  const set = selection(field.type);
  return `${name}${args.length === 0 ? '' : `(${args.join(', ')})`} ${set === '' && name === 'node' ? '{ id }' : set}`;
}

/** The document as both faces carry it. */
export function bodyOf({ query, variables, variablesText, operationName }: SentDocument): string {
  const text = JSON.stringify({ query, variables, operationName });
  return variablesText === undefined ? text : `${text.slice(0, -1)},"variables":${variablesText}}`;
}

/** What honest clients send: must be answered. */
export function honestDocuments(schema: GraphQLSchema): SentDocument[] {
  const fields = rootFields(schema);
  const paged = fields.filter(([, field]) => field.args.some(({ name }) => name === 'first'));
  const mutations = schema.getMutationType();
  return [
    ...paged.map(([name, field]) => ({
      name: `a whole page of ${name}`,
      query: `query Page($first: Int, $after: String) { ${whole(name, field, ['first: $first', 'after: $after'])} }`,
      variables: { first: 100 },
    })),
    ...fields.map(([name, field]) => ({ name: `all of ${name}`, query: `{ ${whole(name, field)} }` })),
    ...Object.entries(isObjectType(mutations) ? mutations.getFields() : {}).map(([name, field]) => {
      const head = field.args.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ');
      const given = field.args.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
      const list = (text: string): string => (text === '' ? '' : `(${text})`);
      return {
        name: `the mutation ${name}`,
        query: `mutation Do${list(head)} { ${name}${list(given)} ${selection(field.type)} }`,
      };
    }),
  ];
}
