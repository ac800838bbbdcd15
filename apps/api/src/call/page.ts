import { TowpathError } from '#libs/domain';
import type { PageRequest } from '#libs/store';
import { z } from 'zod';
import type { Call } from './call.js';
import type { Declaration, OperationDefinition } from './definition.js';

const LIMIT = { minimum: 1, maximum: 100, standard: 50 };
const MAX_NUMBER_DIGITS = 9;

/** A page as REST shows it. */
export interface Page {
  items: Record<string, unknown>[];
  nextCursor?: string;
}

/**
 * A list in pages. The handler gives at most `page.limit` items behind `page.after`; what is asked of it is one more
 * than the client wants, which tells whether a next page exists.
 */
export function definePage<I extends z.ZodObject, O extends z.ZodObject>(
  definition: Declaration & {
    input: I;
    item: O;
    /** The field of an item that pages go by; a number for numbered rows. */
    key: 'id' | 'number';
    handler: (call: Call, input: z.output<I>, page: PageRequest) => Promise<z.input<O>[]>;
  },
): OperationDefinition {
  const { handler, item, key, ...rest } = definition;
  const input = definition.input.extend({
    limit: z.int().min(LIMIT.minimum).max(LIMIT.maximum).default(LIMIT.standard).describe('Items in a page.'),
    cursor: z.string().max(500).optional().describe('`nextCursor` of the page before.'),
  });
  return {
    ...rest,
    input,
    kind: 'query',
    pageKey: key,
    output: z.object({ items: z.array(item), nextCursor: z.string().optional() }),
    handle: async (call, asked) => {
      const { limit, cursor } = asked as { limit: number; cursor?: string };
      const after = cursor === undefined ? undefined : decodeCursor(definition.name, key, cursor);
      const page = { limit: limit + 1, ...(after === undefined ? {} : { after }) };
      const items = await handler(call, asked as z.output<I>, page);
      return pageOf(definition.name, key, items, limit);
    },
  };
}

/** The part of a whole list that a page asks for, by the id behind which it begins. */
export function partOf<T extends { id: string }>(all: readonly T[], { after, limit }: PageRequest): T[] {
  const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  return all.slice(from, from + limit);
}

function pageOf(name: string, key: string, items: Record<string, unknown>[], limit: number): Page {
  const kept = items.slice(0, limit);
  const last = kept.at(-1);
  if (items.length <= limit || last === undefined) return { items: kept };
  return { items: kept, nextCursor: encodeCursor(name, String(last[key])) };
}

/** Opaque: a client may only send it back to the list it came from. */
export function encodeCursor(name: string, key: string): string {
  return Buffer.from(`${name} ${key}`).toString('base64url');
}

/** @throws TowpathError INVALID_ARGUMENT when the cursor is not one of this list */
export function decodeCursor(name: string, key: 'id' | 'number', cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const value = text.startsWith(`${name} `) ? text.slice(name.length + 1) : '';
  const good =
    key === 'id'
      ? /^[a-z]+_[a-z0-9]{20}(-\d{1,16}(-[a-z0-9-]{1,60})?)?$/
      : new RegExp(`^\\d{1,${MAX_NUMBER_DIGITS}}$`);
  if (good.test(value)) return value;
  throw new TowpathError('INVALID_ARGUMENT', 'cursor: is not a cursor of this list', {
    violations: [{ field: 'cursor', message: 'is not a cursor of this list' }],
    nextStep: 'Start again without a cursor.',
  });
}
