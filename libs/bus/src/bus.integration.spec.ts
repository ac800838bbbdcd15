import { AckPolicy } from '@nats-io/jetstream';
import { testNats, until, type TestNats } from '#libs/testing';
import { Bus } from './bus.js';
import { decodeHubEvent, encodeHubEvent } from './hub-event.js';
import { buildTargetSchema, clusterStatusSchema } from './messages/messages.js';
import {
  STREAMS,
  buildKey,
  hubSubject,
  inboxPrefix,
  kvStream,
  kvSubject,
  statusBucket,
  targetsBucket,
} from './names.js';
import {
  BILLING_CONSUMER,
  DEPLOYER_CONSUMER,
  agentPermissions,
  ensureClusterTopology,
  ensureGatewayTopology,
  ensureHubTopology,
  gatewayPermissions,
} from './topology.js';

const CLUSTER = 'cls_0mgabcdefghijklmnopq';
const GATEWAY = 'gw_0mgabcdefghijklmnopq';
const BUILD = {
  schemaVersion: 1,
  buildId: 'bld_0mgabcdefghijklmnopq',
  organizationId: 'org_0mgabcdefghijklmnopq',
  serviceId: 'svc_0mgabcdefghijklmnopq',
  uploadDigest: `sha256:${'a'.repeat(64)}`,
} as const;

describe('the bus on a real nats-server', () => {
  let nats: TestNats;
  let agent: Bus;
  let gateway: Bus;

  beforeAll(async () => {
    nats = await testNats();
    for (let start = 0; start < 2; start += 1) {
      await ensureHubTopology(nats.bus);
      await ensureClusterTopology(nats.bus, CLUSTER);
      await ensureGatewayTopology(nats.bus, GATEWAY);
    }
    agent = await member(CLUSTER, agentPermissions(CLUSTER));
    gateway = await member(GATEWAY, gatewayPermissions(GATEWAY));
  });
  afterAll(async () => {
    await agent.close();
    await gateway.close();
    await nats.release();
  });

  it('settings of a consumer that another release made are changed, and it goes on where it was', async () => {
    const jsm = await nats.bus.jsm();
    const stream = STREAMS.instances;
    await jsm.consumers.update(stream, BILLING_CONSUMER, { ack_wait: 7_000_000_000, max_ack_pending: 3 });
    const { created } = await jsm.consumers.info(stream, BILLING_CONSUMER);
    await ensureHubTopology(nats.bus);
    const after = await jsm.consumers.info(stream, BILLING_CONSUMER);
    expect(after).toMatchObject({ created, config: { ack_wait: 30_000_000_000, max_ack_pending: 1_000 } });
  });

  async function member(id: string, permissions: ReturnType<typeof agentPermissions>): Promise<Bus> {
    return Bus.connect({
      servers: nats.url,
      name: id,
      creds: await nats.credentials(id, permissions),
      inboxPrefix: inboxPrefix(id),
    });
  }

  it('delivers again what a handler threw on, and not what it handled', async () => {
    const seen: number[] = [];
    const follower = agent.follow(kvStream(targetsBucket(CLUSTER)), 'agent', (message) => {
      seen.push(message.deliveries);
      return seen.length === 1 ? Promise.reject(new Error('planted')) : Promise.resolve();
    });
    await nats.bus.putKey(targetsBucket(CLUSTER), buildKey(BUILD.buildId), buildTargetSchema, BUILD);
    await until(() => seen.length === 2, { deadlineMs: 10_000, what: 'second delivery' });
    await follower.stop();
    expect(seen).toEqual([1, 2]);
    const jsm = await nats.bus.jsm();
    const info = await jsm.consumers.info(kvStream(targetsBucket(CLUSTER)), 'agent');
    expect(info.num_ack_pending).toBe(0);
  });

  it('lets an agent write its own status, which the hub reads', async () => {
    const status = {
      schemaVersion: 1,
      clusterId: CLUSTER,
      runtime: 'local',
      capabilities: [],
      door: { host: '127.0.0.1', port: 1 },
      epoch: 1,
      sentAt: 1,
    } as const;
    const sequence = await agent.putKey(statusBucket(CLUSTER), 'cluster', clusterStatusSchema, {
      ...status,
      capabilities: [],
    });
    const read = await nats.bus.getKey(statusBucket(CLUSTER), 'cluster', clusterStatusSchema);
    expect(read).toEqual({ value: status, sequence });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['an agent its own targets', () => agent.js.publish(kvSubject(targetsBucket(CLUSTER), 'x'), 'y')],
    ['an agent a foreign status', () => agent.js.publish(kvSubject(statusBucket('cls_other'), 'x'), 'y')],
    ['an agent usage', () => agent.js.publish('usage.gw_x', 'y')],
    ['an agent a consumer', () => consumerBy(agent)],
    ['a gateway routes', () => gateway.js.publish(kvSubject('routes', 'x'), 'y')],
    ['a gateway usage of another', () => gateway.js.publish('usage.gw_other', 'y')],
    ['a gateway a consumer', () => consumerBy(gateway)],
  ])('refuses to let write %s', async (_what, attempt) => {
    await expect(attempt()).rejects.toThrow(/permission/i);
  });

  async function consumerBy(bus: Bus): Promise<unknown> {
    const jsm = await bus.jsm();
    return jsm.consumers.add(STREAMS.hub, { durable_name: 'evil', ack_policy: AckPolicy.Explicit });
  }

  it('carries a hub event as a CloudEvent and stores a repeated one once', async () => {
    const event = { id: 'evt_1', name: 'service.changed', key: 'svc_1', time: 1_700_000_000_000 } as const;
    const { headers, body } = encodeHubEvent(event);
    const subject = hubSubject(event.name, event.key);
    const first = await nats.bus.js.publish(subject, body, { headers, msgID: event.id });
    const second = await nats.bus.js.publish(subject, body, { headers, msgID: event.id });
    expect(second).toMatchObject({ seq: first.seq, duplicate: true });
    const seen: unknown[] = [];
    const follower = nats.bus.follow(STREAMS.hub, DEPLOYER_CONSUMER, (message) => {
      seen.push(decodeHubEvent(message.headers));
      return Promise.resolve();
    });
    await until(() => seen.length > 0, { deadlineMs: 10_000, what: 'the event' });
    await follower.stop();
    expect(seen).toEqual([event]);
  });

  it('says that all is calm again once a message that could not be handled is', async () => {
    const told: string[] = [];
    await nats.bus.js.publish(hubSubject('service.changed', 'svc_2'), new Uint8Array());
    const handle = (): Promise<void> => {
      told.push('handle');
      return told.length === 1 ? Promise.reject(new Error('the disk is full')) : Promise.resolve();
    };
    const follower = nats.bus.follow(STREAMS.hub, DEPLOYER_CONSUMER, handle, {
      onTrouble: () => told.push('trouble'),
      onCalm: () => told.push('calm'),
    });
    await until(() => told.includes('calm'), { deadlineMs: 20_000, what: 'calm' });
    await follower.stop();
    expect(told).toEqual(['handle', 'trouble', 'handle', 'calm']);
  });
});
