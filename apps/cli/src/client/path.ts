/** Builds a path; every value put in is escaped, so a name can never become another address. */
export function path(strings: TemplateStringsArray, ...values: string[]): string {
  return strings.reduce((built, part, at) => built + encodeURIComponent(values[at - 1] ?? '') + part);
}

/** Query parameters; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export function withQuery(address: URL, query: Query = {}): URL {
  const url = new URL(address);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}
