import { doorAddresses, stays, type DoorNode, type DoorService } from './door.address.js';

const service = (
  balancer?: { ip?: string; hostname?: string },
  nodePort: number | null = 30_443,
): DoorService => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'door' },
  spec: { ports: [{ port: 8443, ...(nodePort === null ? {} : { nodePort }) }] },
  ...(balancer === undefined ? {} : { status: { loadBalancer: { ingress: [balancer] } } }),
});

const node = (
  name: string,
  ready: 'True' | 'False' | 'Unknown',
  spec: DoorNode['spec'] = {},
  gone?: string,
): DoorNode => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, ...(gone === undefined ? {} : { deletionTimestamp: gone }) },
  spec,
  status: {
    addresses: [
      { type: 'Hostname', address: name },
      { type: 'InternalIP', address: `10.0.0.${name}` },
    ],
    conditions: [{ type: 'Ready', status: ready }],
  },
});

const cordoned = { unschedulable: true };
const dropped = { taints: [{ key: 'ToBeDeletedByClusterAutoscaler' }] };
const dedicated = { taints: [{ key: 'nvidia.com/gpu' }] };

describe('where the door is reached', () => {
  it.each<[string, string, DoorNode[], string | undefined, string[]]>([
    ['by every ready node', '1 2', [node('1', 'True'), node('2', 'True')], undefined, ['1', '2']],
    ['by no other', '2', [node('1', 'False'), node('2', 'True')], undefined, ['2']],
    ['nor one that says nothing', '2', [node('1', 'Unknown'), node('2', 'True')], '1', ['2']],
    ['first by the known one', '2 1', [node('1', 'True'), node('2', 'True')], '2', ['2', '1']],
    [
      'by others first when that leaves',
      '1 2',
      [node('1', 'True'), node('2', 'True', cordoned)],
      '2',
      ['1', '2'],
    ],
    ['or is to be taken away', '1 2', [node('1', 'True'), node('2', 'True', dropped)], '2', ['1', '2']],
    ['or is being deleted', '1 2', [node('1', 'True'), node('2', 'True', {}, 'now')], '2', ['1', '2']],
    [
      'by the known one when all leave',
      '2 1',
      [node('1', 'True', cordoned), node('2', 'True', cordoned)],
      '2',
      ['2', '1'],
    ],
    ['a node for GPUs leads there as well', '1', [node('1', 'True', dedicated)], undefined, ['1']],
    ['nowhere', '', [node('1', 'False')], '1', []],
  ])('%s: %s', (_what, _order, nodes, known, expected) => {
    expect(doorAddresses(service(), nodes, known)).toEqual(
      expected.map((name) => ({ node: name, door: { host: `10.0.0.${name}`, port: 30_443, secure: true } })),
    );
  });

  it.each([
    [{ ip: '192.0.2.1' }, '192.0.2.1'],
    [{ hostname: 'lb.test' }, 'lb.test'],
  ])('by the load balancer alone where there is one: %j', (balancer, host) => {
    const expected = [{ door: { host, port: 8443, secure: true } }];
    expect(doorAddresses(service(balancer), [node('1', 'True')], '1')).toEqual(expected);
  });

  it('by no node before its port is open', () => {
    expect(doorAddresses(service(undefined, null), [node('1', 'True')])).toEqual([]);
  });

  it.each<[string, boolean, DoorNode]>([
    ['stays', true, node('1', 'True', dedicated)],
    ['is not ready', false, node('1', 'False')],
    ['leaves', false, node('1', 'True', cordoned)],
  ])('a node that %s', (_what, expected, one) => expect(stays(one)).toBe(expected));
});
