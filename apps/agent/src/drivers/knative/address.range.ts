/** A range of IPv4 addresses. */
export interface AddressRange {
  /** In CIDR notation. */
  text: string;
  /** The first of them. */
  from: number;
  /** How many bits all of them share. */
  bits: number;
}

const ALL_BITS = 32;

/** An IPv4 address, or a range of them in CIDR notation with nothing beyond its bits; undefined: it is neither. */
export function rangeOf(text: string): AddressRange | undefined {
  const [address = '', length = String(ALL_BITS), ...more] = text.split('/');
  const isWritten = /^\d{1,3}(\.\d{1,3}){3}$/.test(address) && /^\d{1,2}$/.test(length) && more.length === 0;
  const parts = address.split('.').map(Number);
  const bits = Number(length);
  if (!isWritten || bits > ALL_BITS || parts.some((part) => part > 255)) return undefined;
  const from = parts.reduce((all, part) => all * 256 + part, 0);
  if (from % sizeOf(bits) !== 0) return undefined;
  return { text: `${parts.join('.')}/${bits}`, from, bits };
}

/** Whether all of one range lie in the other, which is larger. */
export function isWithin(one: AddressRange, other: AddressRange): boolean {
  return (
    one.bits > other.bits && Math.floor(one.from / sizeOf(other.bits)) * sizeOf(other.bits) === other.from
  );
}

/** The same addresses in as few of these ranges as hold them all, in order. */
export function widest(ranges: readonly AddressRange[]): AddressRange[] {
  const once = [...new Map(ranges.map((range) => [range.text, range])).values()];
  const sorted = once.toSorted((a, b) => a.from - b.from || a.bits - b.bits);
  const kept: AddressRange[] = [];
  for (const range of sorted) {
    const last = kept.at(-1);
    if (last === undefined || !isWithin(range, last)) kept.push(range);
  }
  return kept;
}

const sizeOf = (bits: number): number => 2 ** (ALL_BITS - bits);
