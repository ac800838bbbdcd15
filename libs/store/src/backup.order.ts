interface Reference {
  child: string;
  parent: string;
}

/**
 * Tables in an order in which rows can be written: what is referred to comes first; by name where nothing else says.
 * @throws when tables refer to each other in a circle
 */
export function loadOrder<T extends { name: string }>(
  tables: readonly T[],
  references: readonly Reference[],
): T[] {
  const names = new Set(tables.map(({ name }) => name));
  const waitsFor = (name: string): string[] =>
    references
      .filter(({ child, parent }) => child === name && parent !== name && names.has(parent))
      .map(({ parent }) => parent);
  const ordered: T[] = [];
  const done = new Set<string>();
  let waiting = tables.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  while (waiting.length > 0) {
    const next = waiting.find(({ name }) => waitsFor(name).every((parent) => done.has(parent)));
    if (next === undefined) {
      throw new Error(
        `these tables refer to each other in a circle: ${[...waiting].map((t) => t.name).join(', ')}`,
      );
    }
    ordered.push(next);
    done.add(next.name);
    waiting = waiting.filter((table) => table !== next);
  }
  return ordered;
}
