/** Not of the public Internet (IANA's registry of special addresses, RFC 6890, and multicast). */
const NOT_PUBLIC_4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
].map(range4);
/** Within 2000::/3, the only part that is given out: protocols, documentation, and tunnels to an IPv4 address. */
const NOT_PUBLIC_6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'].map(range6);
const GIVEN_OUT_6 = range6('2000::/3');
/** IPv4 within IPv6: the last 32 bits decide. */
const EMBEDDED = ['::ffff:0:0/96', '64:ff9b::/96'].map(range6);

interface Range {
  value: bigint;
  shift: bigint;
}

/** Whether an IP address, as text, is one of the public Internet. What is no address is not. */
export function isPublicAddress(text: string): boolean {
  const four = parse4(text);
  if (four !== undefined) return isPublic4(four);
  const six = parse6(text);
  if (six === undefined) return false;
  if (EMBEDDED.some((range) => holds(range, six))) return isPublic4(six & 0xffff_ffffn);
  return holds(GIVEN_OUT_6, six) && !NOT_PUBLIC_6.some((range) => holds(range, six));
}

function isPublic4(address: bigint): boolean {
  return !NOT_PUBLIC_4.some((range) => holds(range, address));
}

function holds({ value, shift }: Range, address: bigint): boolean {
  return address >> shift === value >> shift;
}

function range4(text: string): Range {
  const [address = '', bits = ''] = text.split('/');
  return { value: parse4(address) ?? 0n, shift: 32n - BigInt(bits) };
}

function range6(text: string): Range {
  const [address = '', bits = ''] = text.split('/');
  return { value: parse6(address) ?? 0n, shift: 128n - BigInt(bits) };
}

function parse4(text: string): bigint | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const bytes = text.split('.').map(BigInt);
  return bytes.some((byte) => byte > 255n) ? undefined : bytes.reduce((all, byte) => (all << 8n) | byte, 0n);
}

function parse6(text: string): bigint | undefined {
  if (!/^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text)) return undefined;
  // One spelling of what has many: lower case, the longest zeros left out, no dotted end.
  const host = URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1);
  if (host === undefined) return undefined;
  const [head = [], tail = []] = host.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail].reduce((all, group) => (all << 16n) | BigInt(`0x${group}`), 0n);
}
