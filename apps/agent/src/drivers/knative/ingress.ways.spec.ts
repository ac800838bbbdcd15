import {
  ingressFinding,
  ingressPods,
  ingressWays,
  type IngressPod,
  type IngressSeen,
  type IngressService,
  type Knock,
} from './ingress.ways.js';

const labels = { app: '3scale-kourier-gateway' };

function pod(name: string, status: NonNullable<IngressPod['status']>): IngressPod {
  const ports = [{ containerPort: 8080 }, { containerPort: 53, protocol: 'UDP' }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: { containers: [{ ports }] },
    status,
  };
}

function service(
  name: string,
  spec: IngressService['spec'],
  status?: IngressService['status'],
): IngressService {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec, ...(status && { status }) };
}

const one = pod('one', { phase: 'Running', podIP: '10.1.0.1', hostIP: '10.0.0.1' });
const ways = (services: IngressService[], pods = [one]): string[] =>
  ingressWays(services, pods).map(({ host, port, what }) => `${host} ${port} ${what}`);

describe('the ways to an ingress', () => {
  it('are those of pods that run', () => {
    const coming = pod('coming', { phase: 'Pending', hostIP: '10.0.0.1' });
    const ended = pod('ended', { phase: 'Failed', podIP: '10.1.0.9' });
    expect(ingressPods([coming, one, ended])).toEqual([one]);
    expect(ways([])).toEqual(['10.1.0.1 8080 pod one']);
  });

  const port = { port: 80 };
  it.each<[string, IngressService['spec'], IngressService['status'], string[]]>([
    [
      'in the cluster',
      { selector: labels, clusterIPs: ['10.2.0.1', 'fd00::1'], ports: [port] },
      undefined,
      ['10.2.0.1 80', 'fd00::1 80'],
    ],
    ['headless', { selector: labels, clusterIPs: ['None'], ports: [port] }, undefined, []],
    ['of nodes', { selector: labels, ports: [{ ...port, nodePort: 30_080 }] }, undefined, ['10.0.0.1 30080']],
    [
      'of load balancers',
      { selector: labels, ports: [port] },
      { loadBalancer: { ingress: [{ ip: '1.2.3.4' }, { hostname: 'lb.test' }] } },
      ['1.2.3.4 80', 'lb.test 80'],
    ],
    [
      'of other machines',
      { selector: labels, externalIPs: ['1.2.3.5'], ports: [port] },
      undefined,
      ['1.2.3.5 80'],
    ],
    [
      'by UDP',
      { selector: labels, clusterIPs: ['10.2.0.1'], ports: [{ ...port, protocol: 'UDP' }] },
      undefined,
      [],
    ],
    ['to other pods', { selector: { app: 'x' }, clusterIPs: ['10.2.0.1'], ports: [port] }, undefined, []],
    ['to no pods', { clusterIPs: ['10.2.0.1'], ports: [port] }, undefined, []],
  ])('are those of a Service: %s', (_what, spec, status, expected) => {
    expect(ways([service('kourier', spec, status)]).slice(1)).toEqual(
      expected.map((address) => `${address} Service kourier`),
    );
  });

  it('are as many as tell, however many pods and nodes there are', () => {
    const many = Array.from({ length: 100 }, (_value, at) =>
      pod(`p${at}`, { phase: 'Running', podIP: `10.1.0.${at}`, hostIP: `10.0.0.${at}` }),
    );
    const found = ways(
      [service('kourier', { selector: labels, ports: [{ port: 80, nodePort: 30_080 }] })],
      many,
    );
    expect(found).toHaveLength(6);
  });
});

const tried = (...knocks: Knock[]): IngressSeen['tried'] =>
  knocks.map((knock, at) => ({ way: { host: '10.2.0.1', port: 80 + at, what: 'Service kourier' }, knock }));

describe('whether an ingress is reached by the door alone', () => {
  it.each<[string, Partial<IngressSeen>, string]>([
    ['nobody answers', { tried: tried('closed', 'away') }, 'true Closed'],
    ['one answers', { tried: tried('closed', 'answered') }, 'false Reached'],
    [
      'a pod answers, and the rest may not be listed',
      { isReadable: false, tried: tried('answered') },
      'false Reached',
    ],
    ['the rest may not be listed', { isReadable: false, tried: tried('closed') }, 'unknown NotReadable'],
    ['none is to be dialled', { tried: tried('away', 'away') }, 'unknown NoWay'],
    ['there is none', { tried: [] }, 'unknown NoWay'],
    ['the agent is on its node', { isBeside: true }, 'unknown OnItsNode'],
  ])('%s', (_what, seen, expected) => {
    const finding = ingressFinding({ isReadable: true, isBeside: false, tried: [], ...seen });
    expect(`${finding.status} ${finding.reason}`).toBe(expected);
    expect(finding.type).toBe('IngressClosed');
    expect(finding.nextStep !== undefined).toBe(finding.status === 'false');
  });

  it('names where, and not without end', () => {
    const seen = {
      isReadable: true,
      isBeside: false,
      tried: tried(...Array.from({ length: 7 }, () => 'answered' as const)),
    };
    expect(ingressFinding(seen).message).toContain(
      'at 10.2.0.1 port 80 (Service kourier), 10.2.0.1 port 81 (Service kourier),',
    );
    expect(ingressFinding(seen).message).toContain(' and 2 more: ');
  });
});
