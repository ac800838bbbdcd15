import {
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  getIntrospectionQuery,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isIntrospectionType,
  isLeafType,
  isListType,
  isObjectType,
  parse,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { introspectionLists } from './introspection.js';

/** Objects of a list that no argument bounds, as far as a document is judged before it runs. */
const UNPAGED_LIST = 10;
/** Every root field is a transaction of its own; one that writes also has its audit row and its outbox. */
const ROOT_FIELD = { query: 10, mutation: 50, subscription: 50 };
const PAGE_ARGUMENTS = ['first', 'limit'];

export interface Cost {
  /** Objects that the answer may hold, and the transactions behind them. */
  cost: number;
  /** Objects that tell the schema: no database, so they are counted apart. */
  introspection: number;
}

type Variables = Readonly<Record<string, unknown>>;

/** What valid documents cost by one schema: objects, lists multiplied by the page that is asked for. */
export class CostModel {
  private readonly introspectionLists: ReadonlyMap<string, number>;
  /** What a document may ask of the schema itself: as much as the query that tools send to learn it. */
  readonly introspectionLimit: number;

  constructor(private readonly schema: GraphQLSchema) {
    this.introspectionLists = introspectionLists(schema);
    const standard = getIntrospectionQuery({
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    });
    this.introspectionLimit = this.of(parse(standard), {}).introspection;
  }

  /** The sum over the document's operations. `variables` as they were sent. */
  of(document: DocumentNode, variables: Variables): Cost {
    const total: Cost = { cost: 0, introspection: 0 };
    for (const definition of document.definitions) {
      if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
      const walk = new CostWalk(this.schema, this.introspectionLists, document, {
        ...defaultsOf(definition),
        ...variables,
      });
      const { cost, introspection } = walk.operation(definition);
      total.cost += cost;
      total.introspection += introspection;
    }
    return total;
  }
}

/** One operation: its variables are known, its fragments are followed. */
class CostWalk {
  private readonly fragments = new Map<string, FragmentDefinitionNode>();

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly introspectionLists: ReadonlyMap<string, number>,
    document: DocumentNode,
    private readonly variables: Variables,
  ) {
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.fragments.set(definition.name.value, definition);
  }

  operation({ operation, selectionSet }: OperationDefinitionNode): Cost {
    const total: Cost = { cost: 0, introspection: 0 };
    const root = this.schema.getRootType(operation);
    if (!root) return total;
    for (const field of this.fieldsOf(selectionSet, root)) {
      const told = field.node.name.value.startsWith('__');
      const objects = this.objects(field, undefined);
      if (told) total.introspection += objects;
      else total.cost += objects + ROOT_FIELD[operation];
    }
    return total;
  }

  /** Objects of one field: itself, and what it holds, times the length of the list. */
  private objects({ node, declared, parent }: SelectedField, page: number | undefined): number {
    const type = getNamedType(declared.type);
    if (isLeafType(type) || !node.selectionSet) return 0;
    const asked = this.pageOf(node, declared) ?? page;
    const list = isListType(getNullableType(declared.type));
    const inner = this.fieldsOf(node.selectionSet, type)
      .map((field) => this.objects(field, list ? undefined : asked))
      .reduce((sum, objects) => sum + objects, 0);
    const told = isIntrospectionType(parent) ? this.introspectionLists.get(node.name.value) : undefined;
    return (list ? (told ?? asked ?? UNPAGED_LIST) : 1) * (1 + inner);
  }

  /** The fields of a selection, fragments unfolded. */
  private fieldsOf(set: SelectionSetNode, parent: GraphQLNamedType): SelectedField[] {
    return set.selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) {
        const declared = declaredField(parent, selection.name.value);
        return declared ? [{ node: selection, declared, parent }] : [];
      }
      const { typeCondition, selectionSet } =
        selection.kind === Kind.FRAGMENT_SPREAD
          ? (this.fragments.get(selection.name.value) ?? NOTHING)
          : selection;
      if (!selectionSet) return [];
      const type = typeCondition ? this.schema.getType(typeCondition.name.value) : parent;
      return type ? this.fieldsOf(selectionSet, type) : [];
    });
  }

  /** The page a field is asked for; what is no whole number is refused when it runs. */
  private pageOf(node: FieldNode, declared: GraphQLField<unknown, unknown>): number | undefined {
    const argument = declared.args.find(({ name }) => PAGE_ARGUMENTS.includes(name));
    if (!argument) return undefined;
    const given = node.arguments?.find(({ name }) => name.value === argument.name)?.value;
    const value =
      given?.kind === Kind.INT
        ? Number(given.value)
        : given?.kind === Kind.VARIABLE
          ? this.variables[given.name.value]
          : undefined;
    const page = typeof value === 'number' ? value : argument.defaultValue;
    return typeof page === 'number' ? Math.max(page, 1) : undefined;
  }
}

interface SelectedField {
  parent: GraphQLNamedType;
  node: FieldNode;
  declared: GraphQLField<unknown, unknown>;
}

const NOTHING: { typeCondition?: undefined; selectionSet?: undefined } = {};

function declaredField(parent: GraphQLNamedType, name: string): GraphQLField<unknown, unknown> | undefined {
  if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
  if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
}

/** What an operation's variables are when nobody gives them; only whole numbers matter here. */
function defaultsOf({ variableDefinitions }: OperationDefinitionNode): Variables {
  const numbers = (variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
    defaultValue?.kind === Kind.INT ? [[variable.name.value, Number(defaultValue.value)] as const] : [],
  );
  return Object.fromEntries(numbers);
}
