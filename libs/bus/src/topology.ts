import { AckPolicy, DeliverPolicy, DiscardPolicy, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { Bus } from './bus.js';
import {
  AGENT_CONSUMER,
  GATEWAYS_BUCKET,
  ROUTES_BUCKET,
  STREAMS,
  capSubject,
  clockSubject,
  gatewayConsumer,
  inboxPrefix,
  instancesSubject,
  kvStream,
  kvSubject,
  logSubject,
  resyncSubject,
  statusBucket,
  targetsBucket,
  usageSubject,
} from './names.js';

const SECOND_NS = 1_000_000_000;
const HOUR_NS = 3_600 * SECOND_NS;
const GIB = 1024 ** 3;

/** Durable consumers of hub processes on STREAMS. */
export const DEPLOYER_CONSUMER = 'deployer';
export const BILLING_CONSUMER = 'billing';
/** What billing reads. */
const BILLED_STREAMS = [STREAMS.usage, STREAMS.instances];

/** Makes what every hub process relies on; safe to call at every start of every replica. */
export async function ensureHubTopology(bus: Bus): Promise<void> {
  await ensureStream(bus, STREAMS.hub, 'hub.>', { max_age: 48 * HOUR_NS });
  await ensureStream(bus, STREAMS.usage, 'usage.>', {
    max_age: 7 * 24 * HOUR_NS,
    discard: DiscardPolicy.New,
  });
  // An interval is sent again as long as it grows, and what is newer holds what is older; but its end is sent once.
  await ensureStream(bus, STREAMS.instances, 'instances.>', { max_age: 7 * 24 * HOUR_NS, max_bytes: GIB });
  await ensureStream(bus, STREAMS.logs, 'logs.>', { max_age: 24 * HOUR_NS, max_bytes: GIB });
  await ensureBucket(bus, ROUTES_BUCKET);
  await ensureBucket(bus, GATEWAYS_BUCKET);
  await ensureConsumer(bus, STREAMS.hub, DEPLOYER_CONSUMER);
  for (const stream of BILLED_STREAMS) await ensureConsumer(bus, stream, BILLING_CONSUMER);
}

/** Buckets of one cluster and the consumer its agent reads by. */
export async function ensureClusterTopology(bus: Bus, clusterId: string): Promise<void> {
  await ensureBucket(bus, targetsBucket(clusterId));
  await ensureBucket(bus, statusBucket(clusterId));
  await ensureConsumer(bus, kvStream(targetsBucket(clusterId)), AGENT_CONSUMER, DeliverPolicy.LastPerSubject);
}

/** Deletes the buckets of a cluster that left; nothing that was there is left, also no sealed secret. */
export async function removeClusterTopology(bus: Bus, clusterId: string): Promise<void> {
  const jsm = await bus.jsm();
  const meant = [targetsBucket(clusterId), statusBucket(clusterId)].map(kvStream);
  for await (const { config } of jsm.streams.list())
    if (meant.includes(config.name)) await jsm.streams.delete(config.name);
}

/** The consumer one gateway reads routes by. */
export async function ensureGatewayTopology(bus: Bus, gatewayId: string): Promise<void> {
  await ensureConsumer(
    bus,
    kvStream(ROUTES_BUCKET),
    gatewayConsumer(gatewayId),
    DeliverPolicy.LastPerSubject,
  );
}

/** Lets an agent receive everything in its targets bucket again: it lost its disk, or is not sure. */
export async function restartAgentConsumer(bus: Bus, clusterId: string): Promise<void> {
  await dropConsumer(bus, kvStream(targetsBucket(clusterId)), AGENT_CONSUMER);
  await ensureClusterTopology(bus, clusterId);
}

/** Lets billing receive again all usage that the streams still hold: its rows were put back to an older copy. */
export async function restartBillingConsumer(bus: Bus): Promise<void> {
  for (const stream of BILLED_STREAMS) {
    await dropConsumer(bus, stream, BILLING_CONSUMER);
    await ensureConsumer(bus, stream, BILLING_CONSUMER);
  }
}

/** Lets a gateway receive every route again. */
export async function restartGatewayConsumer(bus: Bus, gatewayId: string): Promise<void> {
  await dropConsumer(bus, kvStream(ROUTES_BUCKET), gatewayConsumer(gatewayId));
  await ensureGatewayTopology(bus, gatewayId);
}

interface StreamLimits {
  max_age: number;
  max_bytes?: number;
  discard?: DiscardPolicy;
}

async function ensureStream(bus: Bus, name: string, subject: string, limits: StreamLimits): Promise<void> {
  const jsm = await bus.jsm();
  const config = {
    subjects: [subject],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    duplicate_window: 120 * SECOND_NS,
    ...limits,
  };
  try {
    await jsm.streams.add({ name, ...config });
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
    await jsm.streams.update(name, config);
  }
}

async function ensureBucket(bus: Bus, name: string): Promise<void> {
  await new Kvm(bus.nc).create(name, { history: 1, storage: StorageType.File });
}

async function ensureConsumer(
  bus: Bus,
  stream: string,
  durable: string,
  deliver: DeliverPolicy = DeliverPolicy.All,
): Promise<void> {
  const jsm = await bus.jsm();
  // Another release may have made it with others; what it has delivered stays.
  const changeable = { ack_wait: 30 * SECOND_NS, max_ack_pending: 1_000 };
  try {
    await jsm.consumers.add(stream, {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: deliver,
      // KV with history 1 numbers by subject: a filter is needed for LastPerSubject.
      filter_subject: stream.startsWith('KV_') ? `${kvSubject(stream.slice(3), '>')}` : '>',
      ...changeable,
    });
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
    await jsm.consumers.update(stream, durable, changeable);
  }
}

async function dropConsumer(bus: Bus, stream: string, durable: string): Promise<void> {
  const CONSUMER_NOT_FOUND = 10_014;
  const STREAM_NOT_FOUND = 10_059;
  const jsm = await bus.jsm();
  await jsm.consumers.delete(stream, durable).catch((error: { code?: number }) => {
    if (error.code !== CONSUMER_NOT_FOUND && error.code !== STREAM_NOT_FOUND) throw error;
  });
}

/** With another configuration. */
function isAlreadyThere(error: unknown): boolean {
  const STREAM_NAME_IN_USE = 10_058;
  const CONSUMER_ALREADY_EXISTS = 10_148;
  return [STREAM_NAME_IN_USE, CONSUMER_ALREADY_EXISTS].includes((error as { code?: number }).code ?? 0);
}

/** What a NATS user may do. */
export interface Permissions {
  pub: { allow: string[] };
  sub: { allow: string[] };
}

function ownConsumer(stream: string, durable: string): string[] {
  return [
    `$JS.API.CONSUMER.INFO.${stream}.${durable}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
    `$JS.ACK.${stream}.${durable}.>`,
  ];
}

/** An agent reads its own targets and writes its own status, logs and instances; it creates nothing (design D2). */
export function agentPermissions(clusterId: string): Permissions {
  return {
    pub: {
      allow: [
        ...ownConsumer(kvStream(targetsBucket(clusterId)), AGENT_CONSUMER),
        kvSubject(statusBucket(clusterId), '>'),
        logSubject('*', clusterId),
        instancesSubject(clusterId),
        resyncSubject(clusterId),
        clockSubject(clusterId),
      ],
    },
    sub: { allow: [`${inboxPrefix(clusterId)}.>`] },
  };
}

/** A gateway reads routes and writes its own status, usage and logs; it creates nothing. */
export function gatewayPermissions(gatewayId: string): Permissions {
  return {
    pub: {
      allow: [
        ...ownConsumer(kvStream(ROUTES_BUCKET), gatewayConsumer(gatewayId)),
        kvSubject(GATEWAYS_BUCKET, gatewayId),
        usageSubject(gatewayId),
        logSubject('*', gatewayId),
        resyncSubject(gatewayId),
        capSubject(gatewayId),
      ],
    },
    sub: { allow: [`${inboxPrefix(gatewayId)}.>`] },
  };
}
