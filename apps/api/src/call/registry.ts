import { isPermission } from '#libs/domain';
import type { Admission, OperationDefinition } from './definition.js';

/** What an operation may declare beside the permissions of roles. */
const ADMISSIONS: readonly string[] = ['any', 'person', 'anyone'] satisfies Admission[];

/** All operations of the API, checked: two of one name or address, or one without a permission, do not boot. */
export class Registry {
  private readonly byName = new Map<string, OperationDefinition>();

  constructor(readonly operations: readonly OperationDefinition[]) {
    const taken = new Set<string>();
    for (const definition of operations) {
      const { name, permission, rest, graphql } = definition;
      if (!ADMISSIONS.includes(permission) && !isPermission(permission)) {
        throw new Error(`operation ${name} declares no permission that exists`);
      }
      if ((permission === 'anyone') !== (definition.open !== undefined)) {
        throw new Error(`operation ${name} must be open exactly when anyone may call it`);
      }
      for (const key of [name, `${rest.method} ${rest.path}`, ...(graphql ? [`graphql ${graphql}`] : [])]) {
        if (taken.has(key)) throw new Error(`operation ${name}: ${key} is declared twice`);
        taken.add(key);
      }
      checkPathFields(definition);
      this.byName.set(name, definition);
    }
  }

  /** @throws Error when there is no such operation: a bug of ours */
  get(name: string): OperationDefinition {
    const definition = this.byName.get(name);
    if (!definition) throw new Error(`there is no operation ${name}`);
    return definition;
  }

  /** Methods that some operation has at this path (without query), for telling 405 from 404. */
  methodsAt(path: string): string[] {
    return this.operations
      .filter(({ rest }) => patternOf(rest.path).test(path))
      .map(({ rest }) => rest.method);
  }
}

/** Names in `{}` of a path. */
export function pathFields(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`);
}

function checkPathFields({ name, rest, input }: OperationDefinition): void {
  const missing = pathFields(rest.path).filter((field) => !(field in input.shape));
  if (missing.length > 0) throw new Error(`operation ${name}: its input lacks ${missing.join(', ')}`);
}
