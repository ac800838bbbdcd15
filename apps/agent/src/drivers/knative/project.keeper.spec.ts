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
});
const quotaOf = ({ projectId }: ProjectFacts): string =>
  `/api/v1/namespaces/${namespaceOf(projectId)}/resourcequotas/towpath`;

describe('what is kept of projects', () => {
  /** What was applied, by path. */
  const there = new Map<string, KubeObject>();
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

  beforeEach(async () => {
    http = await FakeHttp.start(answer);
    const { file, remove } = kubeconfigOf(http.url);
    const connection = await KubeConnection.open(file);
    const client = new KubeClient(connection);
    const writer = new ObjectWriter(client, new SteppedClock());
    const nothing = (): undefined => undefined;
    keeper = new ProjectKeeper(client, writer, CLUSTER, nothing, nothing, logger);
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
});
