/** UTC milliseconds of a timestamptz column. */
export function ms(time: Date): number {
  return time.getTime();
}

/** A timestamptz value of UTC milliseconds; null stays null. */
export function time(value: number): Date;
export function time(value: number | undefined): Date | null;
export function time(value: number | undefined): Date | null {
  return value === undefined ? null : new Date(value);
}

/** Takes out what is null or undefined, so that an absent column is an absent key. */
export function present<T extends object>(row: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(row).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> };
}

/** Where a page starts and how many rows it has at most; `after` is the last key of the page before. */
export interface PageRequest {
  after?: string;
  limit: number;
}

/** Above every id, so that a descending page without a cursor starts at the newest. */
export const AFTER_ALL = '~';
