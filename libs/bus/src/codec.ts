import { TowpathError } from '#libs/domain';
import type { z } from 'zod';

/** Message to bytes; what does not fit its schema is a bug of ours and throws. */
export function encode<T>(schema: z.ZodType<T>, value: T): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(schema.parse(value)));
}

/**
 * Bytes to message.
 * @throws TowpathError INVALID_ARGUMENT with field paths when they are no such message
 */
export function decode<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new TowpathError('INVALID_ARGUMENT', 'the message is not JSON', { cause });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw new TowpathError('INVALID_ARGUMENT', 'the message does not fit its schema', {
    violations: result.error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message })),
  });
}
