import type { Client } from './client.js';
import type { Query } from './path.js';
import type { Page } from './wire.types.js';

const PAGE = 100;

/** Reads a list page by page, at most `limit` items (all when undefined). */
export async function listAll<T>(
  client: Client,
  path: string,
  query: Query = {},
  limit?: number,
): Promise<T[]> {
  return (await listFirst<T>(client, path, query, limit)).items;
}

/** The same, and whether there are more. */
export async function listFirst<T>(
  client: Client,
  path: string,
  query: Query = {},
  limit?: number,
): Promise<{ items: T[]; hasMore: boolean }> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const rest = limit === undefined ? PAGE : Math.min(PAGE, limit - items.length);
    const page: Page<T> = await client.get<Page<T>>(path, { ...query, limit: rest, cursor });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined && (limit === undefined || items.length < limit));
  return { items, hasMore: cursor !== undefined };
}
