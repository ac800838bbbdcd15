import type { PageRequest } from '#libs/store';
import type { Call } from '../call/call.js';

/** Rows of one page, which is one transaction and at most one file. */
const PAGE = 1_000;

/** Runs a reading in a short transaction of its own, bound to the organization. */
export type Reading = <T>(work: (call: Call) => Promise<T>) => Promise<T>;

export type List<T> = (call: Call, page: PageRequest) => Promise<T[]>;

/** The items of a list one by one; never more than one page is held. */
export async function* each<T extends object>(
  read: Reading,
  list: List<T>,
  key: (item: T) => string,
): AsyncGenerator<T> {
  for await (const page of pagesOf(read, list, key)) yield* page;
}

export async function* pagesOf<T extends object>(
  read: Reading,
  list: List<T>,
  key: (item: T) => string,
): AsyncGenerator<T[]> {
  for (let after: string | undefined; ;) {
    const page = { limit: PAGE, ...(after === undefined ? {} : { after }) };
    const items = await read((call) => list(call, page));
    if (items.length > 0) yield items;
    const last = items.at(-1);
    if (last === undefined || items.length < PAGE) return;
    after = key(last);
  }
}

export const byId = ({ id }: { id: string }): string => id;
export const own = (call: Call): string => call.actor.organizationId;
