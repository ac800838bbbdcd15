import {
  GraphQLError,
  Kind,
  type ASTVisitor,
  type DocumentNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';

/** What one document may ask for: enough for any page of a console, far from what hurts. */
const LIMITS = { depth: 12, aliases: 30, fields: 1_000, rootFields: 20 };
type Limit = keyof typeof LIMITS;

/** A validation rule: counts what the document would really ask for, its fragments followed. */
export function limitsRule(context: ValidationContext): ASTVisitor {
  return {
    Document: {
      enter(document) {
        for (const [limit, count] of Object.entries(measure(document)) as [Limit, number][]) {
          if (count <= LIMITS[limit]) continue;
          const message = `The document asks for too much: ${limit} ${count} of at most ${LIMITS[limit]}.`;
          context.reportError(new GraphQLError(message, { extensions: { code: 'INVALID_ARGUMENT' } }));
        }
      },
    },
  };
}

function measure(document: DocumentNode): Record<Limit, number> {
  const counts = { depth: 0, aliases: 0, fields: 0, rootFields: 0 };
  const fragments = new Map<string, SelectionSetNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      fragments.set(definition.name.value, definition.selectionSet);
  }
  const walk = (set: SelectionSetNode, depth: number, within: readonly string[]): void => {
    for (const selection of set.selections) {
      // Beyond the limit nothing more needs to be counted; fragments inside fragments could grow without end.
      if (counts.fields > LIMITS.fields) return;
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const name = selection.name.value;
        const fragment = fragments.get(name);
        counts.fields += 1;
        if (fragment && !within.includes(name)) walk(fragment, depth, [...within, name]);
        continue;
      }
      if (selection.kind === Kind.FIELD) {
        counts.fields += 1;
        if (selection.alias) counts.aliases += 1;
        if (depth === 1) counts.rootFields += 1;
        counts.depth = Math.max(counts.depth, depth);
      }
      if (selection.selectionSet)
        walk(selection.selectionSet, selection.kind === Kind.FIELD ? depth + 1 : depth, within);
    }
  };
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) walk(definition.selectionSet, 1, []);
  }
  return counts;
}
