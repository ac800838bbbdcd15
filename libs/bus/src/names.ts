/** Every name on NATS is made here: streams, buckets, keys, subjects. */
import type { HubEventName } from '#libs/domain';

export const STREAMS = { hub: 'HUB', usage: 'USAGE', instances: 'INSTANCES', logs: 'LOGS' } as const;

export const ROUTES_BUCKET = 'routes';
export const GATEWAYS_BUCKET = 'gateways';
/** Durable consumer of an agent on its targets bucket. */
export const AGENT_CONSUMER = 'agent';

export const targetsBucket = (clusterId: string): string => `targets_${clusterId}`;
export const statusBucket = (clusterId: string): string => `status_${clusterId}`;
/** The stream behind a KV bucket. */
export const kvStream = (bucket: string): string => `KV_${bucket}`;
/** The subject behind a KV key. */
export const kvSubject = (bucket: string, key: string): string => `$KV.${bucket}.${key}`;
export const gatewayConsumer = (gatewayId: string): string => `gateway_${gatewayId}`;

export const serviceKey = (serviceId: string): string => `service.${serviceId}`;
export const buildKey = (buildId: string): string => `build.${buildId}`;
export const sealedKey = (secretId: string, version: number): string => `sealed.${secretId}.${version}`;
/** The key of a targets bucket under which an agent finds the GPU classes of the installation. */
export const GPU_CLASSES_KEY = 'gpu-classes';
export const CLUSTER_KEY = 'cluster';
/** The key of bucket routes under which identity shows the public keys of callers' tokens; no host has such a name. */
export const CALLER_KEYS_KEY = '_caller-keys';
/** Key of bucket routes that tells one numbering of its sequences from another. */
export const ROUTES_MARK_KEY = '_mark';
/** KV keys may not hold every host character sequence a subject allows; `.` would split the key into tokens. */
export const routeKey = (host: string): string => host.replaceAll('.', '/');
/** The host of a route's key. */
export const hostOfRoute = (key: string): string => key.replaceAll('/', '.');

export const hubSubject = (name: HubEventName, key: string): string =>
  `hub.${name.replaceAll('.', '-')}.${key}`;
export const usageSubject = (gatewayId: string): string => `usage.${gatewayId}`;
export const instancesSubject = (clusterId: string): string => `instances.${clusterId}`;
/** `about` is a service id or a build id, `sender` a cluster id or a gateway id. */
export const logSubject = (about: string, sender: string): string => `logs.${about}.${sender}`;
export const resyncSubject = (id: string): string => `resync.${id}`;
/** Where it is told that an operation has moved; the message is empty. */
export const operationSubject = (operationId: string): string => `operation.${operationId}`;
/** Where one replica of the deployer is told to look at a service. */
export const lookSubject = (replica: string): string => `deployer.${replica}.look`;
/** What a gateway asks billing on, of what its organizations may still spend; replicas share the queue. */
export const capSubject = (gatewayId: string): string => `cap.${gatewayId}`;
export const CAP_QUEUE = 'billing';
/** What an agent asks billing on, of the hub's time; replicas share the queue. */
export const clockSubject = (clusterId: string): string => `clock.${clusterId}`;
export const CLOCK_QUEUE = 'billing';
/** What identity is asked on; its replicas share the queue. */
export const identitySubject = (verb: string): string => `identity.${verb}`;
export const IDENTITY_QUEUE = 'identity';
export const inboxPrefix = (id: string): string => `_INBOX_${id}`;
