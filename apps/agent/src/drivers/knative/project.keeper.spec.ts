import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { KubeClient, KubeConnection, type KubeObject } from '#libs/kube';
import { createLogger } from '#libs/process';
import {
  FakeHttp,
  SteppedClock,
  kubeconfigOf,
  testId,
  until,
  type FakeReply,
  type SeenRequest,
} from '#libs/testing';
import { CLUSTER } from './knative.factory.rig.js';
import { namespaceOf } from './knative.names.js';
import { ObjectWriter } from './object.writer.js';
import { ProjectKeeper } from './project.keeper.js';
import type { ProjectFacts } from './project.manifests.js';

const logger = createLogger('keeper', 'silent');
const factsOf = (): ProjectFacts => ({
  ...{ clusterId: CLUSTER, organizationId: testId('org'), projectId: testId('prj') },
  ...{ limits: { pods: 5, cpuMillis: 1, memoryMiB: 1, gpus: 1 }, pull: undefined, gpuResources: [] },
  egress: { open: [], closed: [] },
});
const egressOf = ({ projectId }: ProjectFacts): string =>
  `/apis/networking.k8s.io/v1/namespaces/${namespaceOf(projectId)}/networkpolicies/towpath-egress`;
const FORBIDDEN = { status: 403, body: { kind: 'Status', code: 403, reason: 'Forbidden' } };
const listOfNodes = (addresses: string[]): FakeReply => ({
  body: {
    metadata: { resourceVersion: '1' },
    items: addresses.map((address, at) => ({
      metadata: { name: `node-${at}` },
      status: {
        addresses: [
          { type: 'Hostname', address: '192.0.2.99' },
          { type: 'ExternalIP', address },
          { type: 'InternalIP', address: 'fd00::1' },
        ],
      },
    })),
  },
});
const quotaOf = ({ projectId }: ProjectFacts): string =>
  `/api/v1/namespaces/${namespaceOf(projectId)}/resourcequotas/towpath`;

describe('what is kept of projects', () => {
  /** What was applied, by path. */
  const there = new Map<string, KubeObject>();
  /** Addresses of nodes, and of the API server; undefined: not to be asked for. */
  let nodes: string[] = [];
  let apiServers: string[] | undefined = [];
  let watch: ServerResponse | undefined;
  let version = 1;
  let http: FakeHttp;
  let keeper: ProjectKeeper;
  let close: () => Promise<void>;

  const answer = ({ method, path, query, body }: SeenRequest): FakeReply => {
    if (query.has('watch'))
      return async (response) => {
        response.writeHead(200).flushHeaders();
        if (path.endsWith('/resourcequotas')) watch = response;
        await once(response, 'close');
      };
    if (path === '/api/v1/nodes') return listOfNodes(nodes);
    if (path.endsWith('/endpointslices/kubernetes'))
      return apiServers === undefined ? FORBIDDEN : { body: { endpoints: [{ addresses: apiServers }] } };
    if (method !== 'PATCH') return { body: { items: [], metadata: { resourceVersion: '1' } } };
    const object = JSON.parse(body.toString()) as KubeObject;
    there.set(path, object);
    return { body: object };
  };
  const told = (type: string, path: string): void => {
    const object = there.get(path);
    const metadata = { ...object?.metadata, resourceVersion: String(++version) };
    watch?.write(`${JSON.stringify({ type, object: { ...object, metadata } })}\n`);
  };
  const writes = (path: string): number => http.asked('PATCH', path).length;

  const drifts: string[] = [];
  beforeEach(async () => {
    [nodes, apiServers, drifts.length] = [['198.51.100.7'], ['203.0.113.1'], 0];
    http = await FakeHttp.start(answer);
    const { file, remove } = kubeconfigOf(http.url);
    const connection = await KubeConnection.open(file);
    const client = new KubeClient(connection);
    const writer = new ObjectWriter(client, new SteppedClock());
    const nothing = (): undefined => undefined;
    const drifted = (kind: string): unknown => drifts.push(kind);
    keeper = new ProjectKeeper(client, writer, CLUSTER, drifted, nothing, logger, 50);
    await keeper.start();
    await until(() => watch !== undefined);
    close = async () => {
      await keeper.stop();
      await connection.close();
      await http.close();
      remove();
    };
  });
  afterEach(() => close());

  it('is nothing once the cluster holds nothing of one: what goes stays away, until it is asked for again', async () => {
    const [gone, stays] = [factsOf(), factsOf()];
    const both = [quotaOf(gone), quotaOf(stays)] as const;
    await Promise.all([gone, stays].map((facts) => keeper.ensure(facts)));
    for (const path of both) told('ADDED', path);
    keeper.forgetAllBut([stays.projectId]);
    for (const path of both) told('DELETED', path);
    await until(() => writes(quotaOf(stays)) > 1);
    expect(writes(quotaOf(gone))).toBe(1);
    await keeper.ensure(gone);
    expect(writes(quotaOf(gone))).toBe(2);
  });

  /** What the policy that was applied last closes, besides private ranges. */
  const closed = (facts: ProjectFacts): string[] =>
    [...JSON.stringify(there.get(egressOf(facts))).matchAll(/"([\d.]+)\/32"/g)].map(([, one = '']) => one);

  it('follows where nodes and API servers are, from the first project on, and that is no drift', async () => {
    const [one, other] = [factsOf(), factsOf()];
    await Promise.all([one, other].map((facts) => keeper.ensure(facts)));
    const first = http.asked('PATCH', egressOf(one))[0]?.body.toString();
    expect(first).toContain('"198.51.100.7/32","203.0.113.1/32"');
    nodes = ['198.51.100.8', '198.51.100.9'];
    await until(() => closed(one).length === 3 && closed(other).length === 3);
    expect(closed(other)).toEqual(['198.51.100.8', '198.51.100.9', '203.0.113.1']);
    expect(drifts).toEqual([]);
  });

  it('is closed to nodes all the same where the agent may not ask for the API server', async () => {
    const facts = factsOf();
    apiServers = undefined;
    await keeper.ensure(facts);
    await until(() => closed(facts).length === 1);
    expect(closed(facts)).toEqual(['198.51.100.7']);
  });

  it('is not written again while nothing of it changes', async () => {
    const facts = factsOf();
    await keeper.ensure(facts);
    const [looks, before] = [http.asked('GET', '/api/v1/nodes').length, writes(egressOf(facts))];
    await until(() => http.asked('GET', '/api/v1/nodes').length > looks + 3);
    await keeper.ensure(facts);
    expect(writes(egressOf(facts))).toBe(before);
  });
});
