import { z } from 'zod';

/** Text under a rule of the domain: the rule says why a text is refused, or undefined. */
export function ruledText(rule: (text: string) => string | undefined): z.ZodString {
  return z.string().check((context) => {
    const problem = rule(context.value);
    if (problem !== undefined)
      context.issues.push({ code: 'custom', message: problem, input: context.value });
  });
}

/** A whole number within bounds of the domain. */
export function bounded(bound: { minimum: number; maximum: number }): z.ZodInt {
  return z.int().min(bound.minimum).max(bound.maximum);
}

/** What a path names a thing by: its name, handle or id. */
export const reference = (what: string): z.ZodString => z.string().min(1).max(100).describe(what);

/** A time as clients send it, RFC 3339. */
export const moment = z.iso.datetime({ offset: true });

/** A UTC month like `2026-11`; may be absent. */
export const billedMonth = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month like 2026-11')
  .optional();

/** RFC 3339 of UTC ms. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Adds the RFC 3339 text of a time, when there is one, under that name. */
export function isoIf<K extends string>(name: K, ms: number | undefined): { [key in K]?: string } {
  return ms === undefined ? {} : ({ [name]: iso(ms) } as { [key in K]: string });
}
