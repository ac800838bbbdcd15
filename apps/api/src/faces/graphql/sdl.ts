import { z } from 'zod';
import { keepsAnswers, type OperationDefinition, type Subscription } from '../../call/definition.js';
import type { Registry } from '../../call/registry.js';
import { NODE_TYPES } from './node.js';

interface JsonSchema {
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  type?: string;
  enum?: unknown[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  default?: unknown;
  description?: string;
  'x-graphql'?: 'JSON';
}

type Mode = 'input' | 'output';

const BASE = `
"Any JSON value."
scalar JSON

"What has an id of its own."
interface Node {
  id: ID!
}

type PageInfo {
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
  startCursor: String
  endCursor: String
}
`;

/** The GraphQL schema of the registry: the same inputs and outputs as REST, lists as Relay connections. */
export function graphqlSdl(registry: Registry): string {
  const types = new SdlTypes();
  const fields = {
    query: ['  "Whatever has this id."\n  node(id: ID!): Node'],
    mutation: [] as string[],
    subscription: [] as string[],
  };
  for (const definition of registry.operations) {
    const { subscription } = definition;
    if (subscription) fields.subscription.push(types.subscription(definition, subscription));
    if (definition.graphql === undefined || definition.kind === 'stream') continue;
    if (definition.kind === 'command') fields.mutation.push(types.mutation(definition, definition.graphql));
    else fields.query.push(types.query(definition, definition.graphql));
  }
  return [
    BASE.trim(),
    ...types.declared(),
    `type Query {\n${fields.query.join('\n')}\n}`,
    `type Mutation {\n${fields.mutation.join('\n')}\n}`,
    `type Subscription {\n${fields.subscription.join('\n')}\n}`,
  ].join('\n\n');
}

/** Gathers the named types on the way from JSON schemas to SDL. */
class SdlTypes {
  private readonly byName = new Map<string, string>();
  private defs: Record<string, JsonSchema> = {};

  declared(): string[] {
    return [...this.byName.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  }

  mutation(definition: OperationDefinition, field: string): string {
    const input = this.schemaOf(definition.input, 'input');
    const args = keepsAnswers(definition) ? ['idempotencyKey: String'] : [];
    // GraphQL has no input without fields.
    if (Object.keys(input.properties ?? {}).length > 0) {
      const name = `${capital(field)}Input`;
      this.object(name, input, 'input');
      args.unshift(`input: ${name}!`);
    }
    const list = args.length === 0 ? '' : `(${args.join(', ')})`;
    return `  ${doc(definition.summary)}\n  ${field}${list}: ${this.answer(definition, field)}!`;
  }

  query(definition: OperationDefinition, field: string): string {
    const { pageKey, summary, input } = definition;
    const args = this.args(input, field, pageKey === undefined ? [] : ['limit', 'cursor']);
    if (pageKey !== undefined) args.push(`first: Int${standard(input, 'limit')}`, 'after: String');
    return `  ${doc(summary)}\n  ${field}${listed(args)}: ${this.answer(definition, field)}!`;
  }

  subscription({ input, summary }: OperationDefinition, { field, output }: Subscription): string {
    const args = this.args(input, field, ['limit', 'follow']);
    const type = this.typeOf(this.schemaOf(output, 'output'), capital(field), 'output');
    return `  ${doc(summary)}\n  ${field}${listed(args)}: ${type}!`;
  }

  private args(type: z.ZodObject, field: string, without: readonly string[]): string[] {
    const input = this.schemaOf(type, 'input');
    return Object.entries(input.properties ?? {})
      .filter(([name]) => !without.includes(name))
      .map(([name, schema]) => {
        const argument = this.field(name, schema, `${capital(field)}${capital(name)}`, input, 'input');
        return argument + standard(type, name);
      });
  }

  private answer(definition: OperationDefinition, field: string): string {
    const output = this.schemaOf(definition.output, 'output');
    if (definition.pageKey === undefined) return this.typeOf(output, capital(field), 'output');
    const item = this.typeOf(output.properties?.['items']?.items ?? {}, capital(field), 'output');
    this.byName.set(`${item}Edge`, `type ${item}Edge {\n  cursor: String!\n  node: ${item}!\n}`);
    this.byName.set(
      `${item}Connection`,
      `type ${item}Connection {\n  edges: [${item}Edge!]!\n  pageInfo: PageInfo!\n}`,
    );
    return `${item}Connection`;
  }

  private schemaOf(type: z.ZodType, mode: Mode): JsonSchema {
    const schema = z.toJSONSchema(type, { io: mode, unrepresentable: 'any' }) as JsonSchema;
    this.defs = { ...this.defs, ...schema.$defs };
    return schema;
  }

  /** The type's name or literal, without `!`. */
  private typeOf(schema: JsonSchema, name: string, mode: Mode): string {
    if (schema.$ref !== undefined) return this.named(schema.$ref.replace('#/$defs/', ''), mode);
    if (schema.anyOf) {
      const some = schema.anyOf.filter((option) => option.type !== 'null');
      return some.length === 1 && some[0] ? this.typeOf(some[0], name, mode) : 'JSON';
    }
    if (schema.type === 'array') return `[${this.typeOf(schema.items ?? {}, name, mode)}!]`;
    if (schema.type === 'object' && schema.properties) return this.object(name, schema, mode);
    return SCALARS[schema.type ?? ''] ?? 'JSON';
  }

  private named(name: string, mode: Mode): string {
    if (this.byName.has(name)) return name;
    const schema = this.defs[name] ?? {};
    if (schema.properties) return this.object(name, schema, mode);
    if (!schema.enum) return this.typeOf(schema, name, mode);
    this.byName.set(
      name,
      `enum ${name} {\n${schema.enum.map((value) => `  ${String(value)}`).join('\n')}\n}`,
    );
    return name;
  }

  private object(name: string, schema: JsonSchema, mode: Mode): string {
    if (this.byName.has(name)) return name;
    // Entered before its fields, so that a type may hold itself.
    this.byName.set(name, '');
    const fields = Object.entries(schema.properties ?? {}).map(
      ([field, inner]) => `  ${this.field(field, inner, `${name}${capital(field)}`, schema, mode)}`,
    );
    const keyword = mode === 'input' ? 'input' : 'type';
    const node = mode === 'output' && NODE_TYPES.includes(name) ? ' implements Node' : '';
    const about = schema.description === undefined ? '' : `${doc(schema.description)}\n`;
    this.byName.set(name, `${about}${keyword} ${name}${node} {\n${fields.join('\n')}\n}`);
    return name;
  }

  private field(name: string, schema: JsonSchema, typeName: string, parent: JsonSchema, mode: Mode): string {
    const known = name === 'id' && mode === 'output' ? 'ID' : schema['x-graphql'];
    const type = known ?? this.typeOf(schema, typeName, mode);
    return `${name}: ${type}${parent.required?.includes(name) ? '!' : ''}`;
  }
}

const SCALARS: Record<string, string> = {
  string: 'String',
  integer: 'Int',
  number: 'Float',
  boolean: 'Boolean',
};

function listed(args: readonly string[]): string {
  return args.length === 0 ? '' : `(${args.join(', ')})`;
}

/** What an argument is when nobody gives it: it also says what the page costs. */
function standard({ shape }: z.ZodObject, name: string): string {
  const type: unknown = shape[name];
  return type instanceof z.ZodDefault ? ` = ${JSON.stringify(type.def.defaultValue)}` : '';
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function doc(text: string): string {
  return JSON.stringify(text);
}
