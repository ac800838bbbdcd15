import { testNats, until, type TestNats } from '#libs/testing';
import { Bus } from './bus.js';
import { buildTargetSchema } from './messages/messages.js';
import {
  AGENT_CONSUMER,
  STREAMS,
  buildKey,
  hubSubject,
  identitySubject,
  inboxPrefix,
  instancesSubject,
  kvStream,
  kvSubject,
  logSubject,
  lookSubject,
  resyncSubject,
  statusBucket,
  targetsBucket,
  usageSubject,
} from './names.js';
import { agentPermissions, ensureClusterTopology, ensureHubTopology } from './topology.js';

/** Two agents with the rights that a join gives them; one has been taken over. */
const EVIL = 'cls_0mgabcdefghijklmnope';
const OTHER = 'cls_0mgabcdefghijklmnopv';
const TARGET = {
  schemaVersion: 1,
  buildId: 'bld_0mgabcdefghijklmnopq',
  organizationId: 'org_0mgabcdefghijklmnopq',
  serviceId: 'svc_0mgabcdefghijklmnopq',
  uploadDigest: `sha256:${'a'.repeat(64)}`,
} as const;

let nats: TestNats;
let evil: Bus;
let other: Bus;

beforeAll(async () => {
  nats = await testNats();
  await ensureHubTopology(nats.bus);
  for (const id of [EVIL, OTHER]) await ensureClusterTopology(nats.bus, id);
  [evil, other] = [await agentOf(EVIL), await agentOf(OTHER)];
  nats.bus.nc.subscribe('resync.>', { callback: (_error, message) => void message.respond() });
  await nats.bus.nc.flush();
});
afterAll(async () => {
  for (const bus of [evil, other]) await bus.close();
  await nats.release();
});

async function agentOf(id: string): Promise<Bus> {
  const creds = await nats.credentials(id, agentPermissions(id));
  return Bus.connect({ servers: nats.url, name: id, creds, inboxPrefix: inboxPrefix(id) });
}

const targets = (id: string): string => kvStream(targetsBucket(id));
const api = (verb: string, ...of: string[]): string => ['$JS.API', verb, ...of].join('.');

/** What belongs to one cluster and its agent is allowed: as the agent's own, so the attempts are ones that work. */
const own = (id: string): [string, string, string][] => [
  ['the next target', api('CONSUMER.MSG.NEXT', targets(id), AGENT_CONSUMER), '{"batch":1,"no_wait":true}'],
  ['its consumer', api('CONSUMER.INFO', targets(id), AGENT_CONSUMER), ''],
  ['its status', kvSubject(statusBucket(id), 'cluster'), '{}'],
  ['its logs', logSubject('svc_x', id), '{}'],
  ['its instances', instancesSubject(id), '{}'],
  ['a resync', resyncSubject(id), ''],
];

/** What no agent is allowed, neither the other's nor its own. */
const never = (id: string): [string, string][] => [
  ['a target written', kvSubject(targetsBucket(id), 'service.svc_x')],
  ['a target read', api('DIRECT.GET', targets(id), kvSubject(targetsBucket(id), buildKey(TARGET.buildId)))],
  ['a message read', api('STREAM.MSG.GET', targets(id))],
  ['a message deleted', api('STREAM.MSG.DELETE', targets(id))],
  ['the targets emptied', api('STREAM.PURGE', targets(id))],
  ['the targets deleted', api('STREAM.DELETE', targets(id))],
  ['the targets described', api('STREAM.INFO', targets(id))],
  ['a consumer made', api('CONSUMER.CREATE', targets(id), 'evil')],
  [
    'a filtered consumer made',
    api('CONSUMER.CREATE', targets(id), 'evil', kvSubject(targetsBucket(id), '>')),
  ],
  ['a durable consumer made', api('CONSUMER.DURABLE.CREATE', targets(id), 'evil')],
  ['a consumer deleted', api('CONSUMER.DELETE', targets(id), AGENT_CONSUMER)],
  ['a consumer paused', api('CONSUMER.PAUSE', targets(id), AGENT_CONSUMER)],
  ['a status read', api('DIRECT.GET', kvStream(statusBucket(id)), kvSubject(statusBucket(id), 'cluster'))],
  ['a word into an inbox', `${inboxPrefix(id)}.x`],
];

const platform: [string, string][] = [
  ['streams listed', api('STREAM.NAMES')],
  ['a stream made', api('STREAM.CREATE', 'EVIL')],
  ['an account described', api('INFO')],
  ['a route', kvSubject('routes', 'host')],
  ['a gateway’s status', kvSubject('gateways', 'gw_x')],
  ['usage', usageSubject('gw_x')],
  ['instances of no cluster', instancesSubject('cls_x')],
  ['an event of the hub', hubSubject('service.changed', 'svc_x')],
  ['the hub’s events deleted', api('STREAM.PURGE', STREAMS.hub)],
  ['a question to identity', identitySubject('sign-in')],
  ['a look of the deployer', lookSubject('one')],
  ['the system’s account', '$SYS.REQ.SERVER.PING'],
];

/** 'answered', or why not. The deadline is far above what a refusal takes. */
async function outcome(by: Bus, subject: string, body = ''): Promise<string> {
  return by.nc.request(subject, body, { timeout: 10_000 }).then(
    () => 'answered',
    (error: unknown) => String(error),
  );
}

const REFUSED = /permission/i;

it.each([EVIL, OTHER])('%s is answered where it may ask', async (id) => {
  const by = id === EVIL ? evil : other;
  for (const [what, subject, body] of own(id))
    expect([what, await outcome(by, subject, body)]).toEqual([what, 'answered']);
});

describe('with a target that waits for the other', () => {
  beforeAll(() => nats.bus.putKey(targetsBucket(OTHER), buildKey(TARGET.buildId), buildTargetSchema, TARGET));

  it.each(own(OTHER))('an agent is refused another’s: %s', async (_what, subject, body) => {
    expect(await outcome(evil, subject, body)).toMatch(REFUSED);
  });

  it.each([...never(OTHER), ...platform])('an agent is refused %s', async (_what, subject) => {
    expect(await outcome(evil, subject)).toMatch(REFUSED);
  });

  it.each(never(EVIL).filter(([what]) => !what.includes('inbox')))(
    'an agent is refused on its own: %s',
    async (_what, subject) => expect(await outcome(evil, subject)).toMatch(REFUSED),
  );

  it('an agent cannot take another’s target away by saying it has handled it', async () => {
    const ack = `$JS.ACK.${targets(OTHER)}.${AGENT_CONSUMER}.1.1.1.${Date.now()}000000.0`;
    expect(await outcome(evil, ack, '+ACK')).toMatch(REFUSED);
  });

  it.each([
    ...[`${inboxPrefix(OTHER)}.>`, '_INBOX*.>', '>', '*.>', '$KV.>', kvSubject(targetsBucket(OTHER), '>')],
    ...[
      kvSubject(statusBucket(OTHER), '>'),
      '$JS.>',
      '$JS.EVENT.>',
      'logs.>',
      'hub.>',
      'usage.>',
      'instances.>',
      '$SYS.>',
    ],
  ])('an agent hears nothing on %s', async (subject) => {
    const heard: string[] = [];
    evil.nc.subscribe(subject, {
      callback: (error, { subject: at }) => void heard.push(error ? String(error) : at),
    });
    await until(() => heard.length > 0, { what: 'the refusal' });
    expect(heard[0]).toMatch(REFUSED);
  });

  it('the other has lost nothing by it: what it was asked comes, once', async () => {
    const seen: number[] = [];
    const follower = other.follow(targets(OTHER), AGENT_CONSUMER, ({ deliveries }) => {
      seen.push(deliveries);
      return Promise.resolve();
    });
    await until(() => seen.length > 0, { what: 'the target' });
    await follower.stop();
    expect(seen).toHaveLength(1);
  });
});
