import type { Violation } from '../error.js';
import { labelProblem, violationOf } from '../name.js';

/** Longest value of a secret in UTF-8 bytes (as Kubernetes and Cloud Run have it, 64 KiB). */
export const MAX_SECRET_BYTES = 65_536;

/** Why a text cannot name a secret; undefined when it can. */
export function secretNameProblem(name: string): string | undefined {
  return labelProblem(name, 63);
}

/** All reasons why a secret's value is refused; they never repeat the value. */
export function validateSecretValue(value: string, byteLength: number): Violation[] {
  if (value.length === 0) return [{ field: 'value', message: 'must not be empty' }];
  return violationOf(
    'value',
    byteLength > MAX_SECRET_BYTES ? `must have at most ${MAX_SECRET_BYTES} bytes` : undefined,
  );
}
