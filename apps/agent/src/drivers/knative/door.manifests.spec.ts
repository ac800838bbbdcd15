import { doorManifests, type DoorCertificates } from './door.manifests.js';

const settings = { image: 'r.test/envoy:1', ingress: { host: 'ingress.test', port: 80 } };
const first: DoorCertificates = {
  chain: 'chain 1',
  key: 'key 1',
  root: 'root 1',
  agent: 'cls-a.gateways.test',
};

interface Deployed {
  spec: {
    template: {
      spec: {
        containers: { args: string[]; volumeMounts: { name: string; mountPath: string }[] }[];
        volumes: { name: string; secret: { secretName: string } }[];
      };
    };
  };
}

const templateOf = (certificates: DoorCertificates): Deployed['spec']['template'] =>
  (doorManifests(settings, certificates).find(({ kind }) => kind === 'Deployment') as unknown as Deployed)
    .spec.template;

const folderOf = (certificates: DoorCertificates): Record<string, string> => {
  const secret = doorManifests(settings, certificates).find(({ kind }) => kind === 'Secret');
  const { data } = secret as unknown as { data: Record<string, string> };
  return Object.fromEntries(
    Object.entries(data).map(([name, text]) => [name, Buffer.from(text, 'base64').toString()]),
  );
};

describe('the door', () => {
  it('has one folder for what it shows and whom it lets in: they change together', () => {
    const { containers, volumes } = templateOf(first).spec;
    expect(volumes).toEqual([{ name: 'door', secret: { secretName: 'towpath-door' } }]);
    expect(containers.map(({ volumeMounts }) => volumeMounts)).toEqual([
      [{ name: 'door', mountPath: '/etc/door', readOnly: true }],
    ]);
    const args = containers[0]?.args.join(' ') ?? '';
    const named = [...args.matchAll(/"path":"([^"]+)"/g)].map(([, path]) => path);
    expect(named).toEqual([
      '/etc/door/certificate.json',
      '/etc/door',
      '/etc/door/gateways.json',
      '/etc/door',
    ]);
    expect(Object.keys(folderOf(first))).toEqual(
      expect.arrayContaining(['certificate.json', 'gateways.json']),
    );
  });

  it('lets gateways and its own agent in, who are vouched for by this root', () => {
    const { 'gateways.json': gateways = '', 'ca.crt': root } = folderOf(first);
    expect(root).toBe('root 1');
    expect(gateways).toContain('"exact":"cls-a.gateways.test"');
    expect(gateways).toContain('/etc/door/ca.crt');
    expect(gateways).toMatch(/gw-\[a-z0-9\]\+/);
  });

  it('reads a new certificate while it runs', () => {
    const second = { ...first, chain: 'chain 2', key: 'key 2' };
    expect(templateOf(second)).toEqual(templateOf(first));
    expect(folderOf(second)).not.toEqual(folderOf(first));
  });

  it('starts anew for another agent', () => {
    expect(templateOf({ ...first, agent: 'cls-b.gateways.test' })).not.toEqual(templateOf(first));
  });
});
