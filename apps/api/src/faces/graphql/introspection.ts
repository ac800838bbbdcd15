import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';

/**
 * How long the lists are by which a schema tells itself: how many types it has, and of each type as many fields, values
 * and so on as a type has on average, rounded up.
 */
export function introspectionLists(schema: GraphQLSchema): ReadonlyMap<string, number> {
  const types = Object.values(schema.getTypeMap());
  const onAverage = (count: (type: GraphQLNamedType) => number): number =>
    Math.ceil(types.reduce((sum, type) => sum + count(type), 0) / types.length);
  const fields = types.flatMap(fieldsOf);
  const args = fields.reduce((sum, field) => sum + field.args.length, 0);
  return new Map([
    ['types', types.length],
    ['directives', schema.getDirectives().length],
    ['fields', onAverage((type) => fieldsOf(type).length)],
    ['args', Math.ceil(args / fields.length)],
    [
      'inputFields',
      onAverage((type) => (isInputObjectType(type) ? Object.keys(type.getFields()).length : 0)),
    ],
    ['enumValues', onAverage((type) => (isEnumType(type) ? type.getValues().length : 0))],
    [
      'possibleTypes',
      onAverage((type) =>
        isInterfaceType(type) || isUnionType(type) ? schema.getPossibleTypes(type).length : 0,
      ),
    ],
    [
      'interfaces',
      onAverage((type) => (isObjectType(type) || isInterfaceType(type) ? type.getInterfaces().length : 0)),
    ],
  ]);
}

function fieldsOf(type: GraphQLNamedType) {
  return isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
}
