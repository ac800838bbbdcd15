import type { Violation } from '#libs/domain';

const UNSUPPORTED = 'is not supported';

/** One object of a manifest. What nobody took from it is named as not supported, so nothing is dropped silently. */
export class Fields {
  private readonly left: Map<string, unknown>;

  constructor(
    value: unknown,
    readonly path: string,
    readonly problems: Violation[],
  ) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isObject) this.problem(undefined, 'must be an object');
    this.left = new Map(isObject ? Object.entries(value) : []);
  }

  /** Notes what is wrong with a field, or with the object itself. */
  problem(name: string | undefined, message: string): void {
    this.problems.push({ field: name === undefined ? this.path : this.at(name), message });
  }

  at(name: string): string {
    if (/[./]/.test(name)) return `${this.path}["${name}"]`;
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  take(name: string): unknown {
    const value = this.left.get(name);
    this.left.delete(name);
    return value ?? undefined;
  }

  text(name: string): string | undefined {
    const value = this.take(name);
    if (value === undefined || typeof value === 'string') return value;
    this.problem(name, 'must be text');
    return undefined;
  }

  /** Whether it says something of a field that nobody took yet; an empty list says nothing. */
  has(name: string): boolean {
    const value = this.left.get(name) ?? [];
    return !Array.isArray(value) || value.length > 0;
  }

  /** What nobody took from it yet. */
  names(): string[] {
    return [...this.left.keys()];
  }

  /** Also of text, as annotations and quantities are written. */
  whole(name: string): number | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
    this.problem(name, 'must be a whole number');
    return undefined;
  }

  texts(name: string): string[] | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((one): one is string => typeof one === 'string')) return value;
    this.problem(name, 'must be a list of texts');
    return undefined;
  }

  object(name: string): Fields | undefined {
    const value = this.take(name);
    return value === undefined ? undefined : new Fields(value, this.at(name), this.problems);
  }

  /** The same; where it is absent, one that says nothing. */
  part(name: string): Fields {
    return new Fields(this.take(name) ?? {}, this.at(name), this.problems);
  }

  list(name: string): Fields[] {
    const value = this.take(name) ?? [];
    if (!Array.isArray(value)) {
      this.problem(name, 'must be a list');
      return [];
    }
    return value.map((one, at) => new Fields(one, `${this.at(name)}[${at}]`, this.problems));
  }

  /** A field that may say only what is so anyway. */
  only(name: string, ...allowed: unknown[]): void {
    const value = this.take(name);
    if (value !== undefined && !allowed.includes(value)) this.problem(name, UNSUPPORTED);
  }

  /** Takes what says nothing here: what a cluster writes itself. */
  ignore(...names: string[]): void {
    for (const name of names) this.left.delete(name);
  }

  /** Nothing else is read. */
  end(): void {
    for (const name of this.left.keys()) this.problem(name, UNSUPPORTED);
    this.left.clear();
  }
}

/** What is said of these. */
export function present<T extends object>(of: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const said = Object.entries(of).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
