import { refuseIfAny, type Violation } from '#libs/domain';
import type { z } from 'zod';
import type { OperationDefinition } from './definition.js';

/** Fields and items that one input may hold; the largest that is of use has some 600. */
const MOST_VALUES = 5_000;
/** Reasons that one refusal tells; who repairs these is told the next. */
const MOST_REASONS = 100;

/**
 * Reads an input by its definition.
 * @throws TowpathError INVALID_ARGUMENT with its reasons (the first 100) and their field paths; a value is never repeated
 */
export function readInput(definition: OperationDefinition, raw: unknown): Record<string, unknown> {
  refuseManyValues(raw);
  const result = definition.input.safeParse(raw);
  if (!result.success) refuseIfAny(result.error.issues.flatMap(toViolations).slice(0, MOST_REASONS));
  refuseIfAny(forbiddenCharacters(raw, ''));
  return result.data as Record<string, unknown>;
}

/**
 * Before anything walks over an input: checks take time by the number of its values, and a deep one ends a stack.
 * @throws TowpathError INVALID_ARGUMENT
 */
export function refuseManyValues(raw: unknown, field = 'body'): void {
  const left = [raw];
  let count = 0;
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    if (value === null || typeof value !== 'object') continue;
    const inner: unknown[] = Object.values(value);
    count += inner.length;
    if (count > MOST_VALUES) refuseIfAny([{ field, message: `must hold at most ${MOST_VALUES} values` }]);
    left.push(...inner.filter((one) => one !== undefined));
  }
}

/** `['template', 'env', 0, 'name']` -> `template.env[0].name`. */
export function fieldPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

function toViolations(issue: z.core.$ZodIssue): Violation[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: fieldPath([...issue.path, key]),
      message: 'is not a known field',
    }));
  }
  return [{ field: fieldPath(issue.path), message: reasonOf(issue) }];
}

function reasonOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined && issue.message.endsWith('received undefined')
        ? 'is required'
        : `must be of type ${issue.expected}`;
    case 'too_small':
      return `must ${countable(issue.origin) ? 'have at least' : 'be at least'} ${issue.minimum}${unit(issue.origin)}`;
    case 'too_big':
      return `must ${countable(issue.origin) ? 'have at most' : 'be at most'} ${issue.maximum}${unit(issue.origin)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_union':
      return 'has none of the allowed forms';
    default:
      return issue.message;
  }
}

function countable(origin: string): boolean {
  return origin === 'string' || origin === 'array';
}

function unit(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' items' : '';
}

/** PostgreSQL can store no NUL in text; refused here, so that it is the client's error and not ours. */
function forbiddenCharacters(value: unknown, path: string): Violation[] {
  if (typeof value === 'string') {
    return value.includes('\0') ? [{ field: path, message: 'must not contain the character NUL' }] : [];
  }
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => forbiddenCharacters(item, `${path}[${index}]`));
  }
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) =>
    forbiddenCharacters(item, path === '' ? key : `${path}.${key}`),
  );
}
