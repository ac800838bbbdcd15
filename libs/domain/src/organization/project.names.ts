import { labelProblem } from '../name.js';
import type { Random } from '../id.js';

/** Longest handle (design D9). */
export const MAX_HANDLE = 16;

const TAIL_LENGTH = 4;
const TAIL_DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** Why a text cannot be a project's handle; undefined when it can. */
export function handleProblem(handle: string): string | undefined {
  return labelProblem(handle, MAX_HANDLE);
}

/** Why a text cannot name a project; undefined when it can. */
export function projectNameProblem(name: string): string | undefined {
  return labelProblem(name, 40);
}

/** The handle of a project whose creator gave none: the name, cut, and 4 random characters. */
export function defaultHandle(name: string, random: Random): string {
  const start = name.slice(0, MAX_HANDLE - TAIL_LENGTH - 1).replace(/-+$/, '');
  // 36 does not divide 256; the slight favour of the first digits costs nothing in a name.
  const tail = [...random(TAIL_LENGTH)].map((byte) => TAIL_DIGITS.charAt(byte % TAIL_DIGITS.length)).join('');
  return `${start}-${tail}`;
}
