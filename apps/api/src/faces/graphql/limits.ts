import {
  Kind,
  Location,
  type DocumentNode,
  type FieldNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { TowpathError, type Violation } from '#libs/domain';

/** What one document may ask for: enough for any page of a console, far from what hurts (contracts/README.md). */
export const LIMITS = {
  characters: 20_000,
  tokens: 2_000,
  operations: 10,
  rootFields: 20,
  fields: 500,
  depth: 12,
  aliases: 30,
  directives: 50,
  cost: 10_000,
};
export type Limit = keyof typeof LIMITS | 'introspection';
type Shape = Record<'operations' | 'rootFields' | 'fields' | 'depth' | 'aliases' | 'directives', number>;

/** Fields of every schema that tell the schema; their depth is bounded by graphql's own rule, their size by cost. */
const INTROSPECTION = new Set(['__schema', '__type']);

/**
 * Refuses what is over a limit, all reasons at once.
 * @throws TowpathError INVALID_ARGUMENT that names each count and its limit
 */
export function refuseAbove(
  counts: Partial<Record<Limit, number>>,
  limits: Partial<Record<Limit, number>>,
): void {
  const violations: Violation[] = [];
  for (const [field, count] of Object.entries(counts) as [Limit, number][]) {
    const limit = limits[field] ?? 0;
    if (count > limit) violations.push({ field, message: `is ${count}, at most ${limit}` });
  }
  if (violations.length === 0) return;
  const told = violations.map(({ field, message }) => `${field} ${message}`).join('; ');
  throw new TowpathError('INVALID_ARGUMENT', `The document asks for too much: ${told}.`, {
    violations,
    nextStep: 'Ask for smaller pages, for fewer fields, or in several documents.',
  });
}

/** Before anything reads it. @throws TowpathError INVALID_ARGUMENT */
export function refuseSource(source: string): void {
  refuseAbove({ characters: source.length }, LIMITS);
}

/**
 * Before it is validated, for some rules of the validation take time that grows with the square of a document.
 * @throws TowpathError INVALID_ARGUMENT
 */
export function refuseShape(document: DocumentNode): void {
  // mercurius also takes a syntax tree in JSON for a document; nothing has counted or checked such a one.
  if (!((document as Partial<DocumentNode> | null)?.loc instanceof Location))
    throw new TowpathError('INVALID_ARGUMENT', 'The document is not written in GraphQL.');
  refuseAbove(measure(document), LIMITS);
}

/** Counts what the document would really ask for, its fragments followed. */
function measure(document: DocumentNode): Shape {
  const measuring = new Measuring(document);
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) measuring.operation(definition);
  }
  return measuring.counts;
}

class Measuring {
  readonly counts: Shape = { operations: 0, rootFields: 0, fields: 0, depth: 0, aliases: 0, directives: 0 };
  private readonly fragments = new Map<string, SelectionSetNode>();

  constructor(document: DocumentNode) {
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION)
        this.fragments.set(definition.name.value, definition.selectionSet);
    }
  }

  operation({ directives = [], selectionSet }: OperationDefinitionNode): void {
    this.counts.operations += 1;
    this.counts.directives += directives.length;
    this.selections(selectionSet, 1, []);
  }

  private selections(set: SelectionSetNode, depth: number, within: readonly string[]): void {
    for (const selection of set.selections) {
      // Beyond the limit nothing more needs to be counted; fragments inside fragments could grow without end.
      if (this.counts.fields > LIMITS.fields) return;
      this.counts.directives += selection.directives?.length ?? 0;
      if (selection.kind === Kind.FIELD) this.field(selection, depth, within);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) this.spread(selection.name.value, depth, within);
      else this.selections(selection.selectionSet, depth, within);
    }
  }

  private field({ name, alias, selectionSet }: FieldNode, depth: number, within: readonly string[]): void {
    const { counts } = this;
    counts.fields += 1;
    if (alias) counts.aliases += 1;
    if (depth === 1) counts.rootFields += 1;
    counts.depth = Math.max(counts.depth, depth);
    if (selectionSet)
      this.selections(selectionSet, INTROSPECTION.has(name.value) ? -Infinity : depth + 1, within);
  }

  private spread(name: string, depth: number, within: readonly string[]): void {
    this.counts.fields += 1;
    const fragment = this.fragments.get(name);
    if (fragment && !within.includes(name)) this.selections(fragment, depth, [...within, name]);
  }
}
