import type { Random } from '#libs/domain';

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** `<revision>-` and ten random characters: unique for good, since usage of instances hangs on it. */
export function instanceName(revision: string, random: Random): string {
  const tail = [...random(10)].map((byte) => DIGITS[byte % 36]).join('');
  return `${revision}-${tail}`;
}
