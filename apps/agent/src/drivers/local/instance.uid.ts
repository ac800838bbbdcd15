import type { Random } from '#libs/domain';

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** What tells an instance from every other one for good, since usage of instances hangs on it: ten random characters. */
export function instanceUid(random: Random): string {
  return [...random(10)].map((byte) => DIGITS[byte % 36]).join('');
}
