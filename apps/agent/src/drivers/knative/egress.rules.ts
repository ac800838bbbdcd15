import { isWithin, rangeOf, widest, type AddressRange } from './address.range.js';

/** What pods of tenants reach beside the public Internet. */
export interface OpenAddresses {
  range: AddressRange;
  /** TCP. */
  port: number;
}

/** What an operator says of where pods of tenants may go. */
export interface Egress {
  open: readonly OpenAddresses[];
  closed: readonly AddressRange[];
}

/** A rule of a NetworkPolicy. */
export interface EgressRule {
  to: { ipBlock: { cidr: string; except?: string[] } }[];
  ports?: { protocol: 'TCP'; port: number }[];
}

/** Private, link-local (cloud metadata), carrier and multicast ranges: never a tenant's business. */
const PRIVATE = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/4',
];
const EVERYWHERE: AddressRange = { text: '0.0.0.0/0', from: 0, bits: 0 };

/**
 * Where pods of tenants may go: everywhere but to private ranges, what the operator closes, nodes and API servers; and to what he opens. Of two
 * that hold an address the smaller range decides, and of two of a size what is open: an address that is named with its port is reached there.
 * @param cluster addresses of nodes and API servers
 */
export function egressRules({ open, closed }: Egress, cluster: readonly string[]): EgressRule[] {
  const shut = [...closed, ...rangesOf(PRIVATE), ...rangesOf(cluster)];
  return [
    { to: [blockOf(EVERYWHERE, shut)] },
    ...open.map(({ range, port }): EgressRule => ({
      to: [blockOf(range, shut)],
      ports: [{ protocol: 'TCP', port }],
    })),
  ];
}

function blockOf(range: AddressRange, shut: readonly AddressRange[]): EgressRule['to'][number] {
  const except = widest(shut.filter((one) => isWithin(one, range))).map(({ text }) => text);
  return { ipBlock: { cidr: range.text, ...(except.length === 0 ? {} : { except }) } };
}

const rangesOf = (texts: readonly string[]): AddressRange[] => texts.flatMap((text) => rangeOf(text) ?? []);
