import { isWithin, rangeOf, widest, type AddressRange } from './address.range.js';
import { egressRules, type EgressRule } from './egress.rules.js';
import { egressOf, knativeConfig } from './knative.settings.js';
import { z } from 'zod';

const range = (text: string): AddressRange => {
  const found = rangeOf(text);
  if (found === undefined) throw new Error(`${text} is no range`);
  return found;
};

describe('a range of addresses', () => {
  it.each([
    ['10.0.0.5', '10.0.0.5/32'],
    ['10.0.4.0/24', '10.0.4.0/24'],
    ['255.255.255.255/32', '255.255.255.255/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    // what Kubernetes would refuse, or take as something else
    ['10.0.4.1/24', undefined],
    ['10.0.4.0/33', undefined],
    ['10.0.4.0/', undefined],
    ['10.0.4.0/24/8', undefined],
    ['256.0.0.1', undefined],
    ['10.0.4', undefined],
    ['fd00::1', undefined],
    ['node.test', undefined],
    ['', undefined],
  ])('%s is read as %s', (text, expected) => expect(rangeOf(text)?.text).toBe(expected));

  it.each([
    ['10.1.0.0/16', '10.0.0.0/8', true],
    ['10.0.0.0/9', '10.0.0.0/8', true],
    ['10.0.0.0/8', '10.0.0.0/8', false],
    ['10.0.0.0/8', '10.0.0.0/9', false],
    ['11.0.0.0/16', '10.0.0.0/8', false],
    ['255.255.255.255', '224.0.0.0/4', false],
    ['239.255.255.255', '224.0.0.0/4', true],
    ['1.2.3.4', '0.0.0.0/0', true],
  ])('%s lies in %s: %s', (one, other, expected) =>
    expect(isWithin(range(one), range(other))).toBe(expected),
  );

  it('is left out where a wider one has all of it', () => {
    const ranges = ['10.3.0.0/16', '9.9.9.9', '10.0.0.0/8', '10.0.0.0/16', '9.9.9.9', '11.0.0.0/8'].map(
      range,
    );
    expect(widest(ranges).map(({ text }) => text)).toEqual(['9.9.9.9/32', '10.0.0.0/8', '11.0.0.0/8']);
  });
});

/** What the rules let through, as whoever enforces them reads it: a rule of them that holds the address, and the port. */
function isOpen(rules: readonly EgressRule[], address: string, port: number): boolean {
  const holds = (text: string): boolean => {
    const [one, block] = [range(address), range(text)];
    return one.text === block.text || isWithin(one, block);
  };
  return rules.some(
    ({ to, ports }) =>
      (ports?.some((one) => one.port === port) ?? true) &&
      to.some(({ ipBlock: { cidr, except = [] } }) => holds(cidr) && !except.some(holds)),
  );
}

const settings = z.object(knativeConfig);
const egress = (open = '', closed = ''): ReturnType<typeof egressOf> =>
  egressOf(settings.parse({ TOWPATH_EGRESS_OPEN: open, TOWPATH_EGRESS_CLOSED: closed }));

describe('where pods of tenants may go', () => {
  const NODES = ['10.20.1.2', '198.51.100.7', '203.0.113.9'];
  it.each([
    ['the Internet', '93.184.216.34', 443, '', '', true],
    ['a private network', '10.9.9.9', 443, '', '', false],
    ['the metadata address', '169.254.169.254', 80, '', '', false],
    ['a node', '10.20.1.2', 10250, '', '', false],
    ['a node at a public address', '198.51.100.7', 10250, '', '', false],
    ['its neighbour', '198.51.100.8', 443, '', '', true],
    ['what the operator closes', '198.51.100.8', 443, '', '198.51.100.0/24', false],
    ['what he opens', '10.9.9.9', 443, '10.9.9.9:443', '', true],
    ['another port of that', '10.9.9.9', 22, '10.9.9.9:443', '', false],
    ['its neighbour, private', '10.9.9.8', 443, '10.9.9.9:443', '', false],
    ['one of two that he opens', '10.9.9.8', 80, '10.9.9.9:443,10.9.9.8:80', '', true],
    ['the other one by the port of the first', '10.9.9.9', 80, '10.9.9.9:443,10.9.9.8:80', '', false],
    ['what he opens of a range', '10.9.9.9', 443, '10.9.0.0/16:443', '', true],
    ['a node in a range that he opens', '10.20.1.2', 443, '10.20.0.0/16:443', '', false],
    ['a node that he opens by its address', '10.20.1.2', 443, '10.20.1.2:443', '', true],
    ['another port of that node', '10.20.1.2', 10250, '10.20.1.2:443', '', false],
    ['what he closes in a range that he opens', '10.9.1.1', 443, '10.9.0.0/16:443', '10.9.1.0/24', false],
    ['what he opens in a range that he closes', '8.8.8.8', 53, '8.8.8.8:53', '8.8.8.0/24', true],
    ['the rest of that range', '8.8.8.9', 53, '8.8.8.8:53', '8.8.8.0/24', false],
  ])('%s', (_what, address, port, open, closed, expected) => {
    expect(isOpen(egressRules(egress(open, closed), NODES), address, port)).toBe(expected);
  });

  it('is told with no more exceptions than it needs', () => {
    const [everywhere] = egressRules(egress('', '198.51.100.0/24'), NODES);
    expect(everywhere?.to[0]?.ipBlock.except).toEqual([
      ...['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
      ...['198.51.100.0/24', '203.0.113.9/32', '224.0.0.0/4'],
    ]);
  });

  it('is the same whatever the order in which nodes are seen', () => {
    expect(egressRules(egress(), NODES.toReversed())).toEqual(egressRules(egress(), NODES));
  });

  it.each([
    ['TOWPATH_EGRESS_OPEN', '10.0.0.5'],
    ['TOWPATH_EGRESS_OPEN', '10.0.0.5:0'],
    ['TOWPATH_EGRESS_OPEN', '10.0.0.5:65536'],
    ['TOWPATH_EGRESS_OPEN', '10.0.0.5:443,gateway.test:443'],
    ['TOWPATH_EGRESS_CLOSED', '10.0.0.5:443'],
    ['TOWPATH_EGRESS_CLOSED', '10.0.0.1/8'],
  ])('is not set by %s=%s', (name, value) => {
    const { error } = settings.safeParse({ [name]: value });
    expect(error?.issues.map(({ path }) => path)).toEqual([[name]]);
  });
});
