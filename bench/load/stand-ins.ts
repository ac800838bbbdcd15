/** A cluster whose agent starts everything at once, and a gateway that acknowledges everything at once. */
import {
  GATEWAYS_BUCKET,
  ROUTES_BUCKET,
  ROUTES_MARK_KEY,
  buildStatusSchema,
  buildTargetSchema,
  clusterStatusSchema,
  decode,
  ensureClusterTopology,
  gatewayStatusSchema,
  routesMarkSchema,
  statusBucket,
  targetSchema,
  targetStatusSchema,
  targetsBucket,
  type Bus,
  type KeyEntry,
} from '#libs/bus';
import { newId, type Id } from '#libs/domain';
import { systemRandom } from '#libs/process';
import { insertCluster, joinCluster } from '#libs/store';
import { testDigest, type TestDatabase } from '#libs/testing';

export interface StandIns {
  clusterId: Id<'cls'>;
  gatewayId: Id<'gw'>;
  stop(): void;
}

/** As often as real ones say that they are there. */
const SAY_MS = 5_000;

export async function startStandIns(database: TestDatabase, bus: Bus, gateway: boolean): Promise<StandIns> {
  const now = Date.now();
  const [clusterId, gatewayId] = [newId('cls', now, systemRandom), newId('gw', now, systemRandom)];
  await database.db.asSystem(async (tx) => {
    const local = { name: 'bench', provider: 'p', region: 'lab', zone: 'z', runtime: 'local' } as const;
    await insertCluster(tx, { id: clusterId, ...local, createdAt: now });
    await joinCluster(tx, clusterId, { kty: 'OKP' }, now);
  });
  await ensureClusterTopology(bus, clusterId);
  const agent = await standInAgent(bus, clusterId);
  const stops = gateway ? [agent, await standInGateway(bus, gatewayId)] : [agent];
  return {
    clusterId,
    gatewayId,
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

async function standInAgent(bus: Bus, clusterId: Id<'cls'>): Promise<() => void> {
  const say = (): unknown =>
    bus.putKey(statusBucket(clusterId), 'cluster', clusterStatusSchema, {
      schemaVersion: 1,
      clusterId,
      runtime: 'local',
      capabilities: ['builder'],
      door: { host: '127.0.0.1', port: 4000 },
      epoch: 1,
      sentAt: Date.now(),
    });
  const take = ({ key, value }: KeyEntry): void => {
    if (value === undefined) return;
    if (key.startsWith('build.')) void build(bus, clusterId, key, value);
    if (key.startsWith('service.')) void hold(bus, clusterId, key, value);
  };
  await say();
  const timer = setInterval(() => void say(), SAY_MS);
  const stop = await bus.watchKeys(targetsBucket(clusterId), '>', take);
  return () => {
    clearInterval(timer);
    stop();
  };
}

async function build(bus: Bus, clusterId: string, key: string, value: Uint8Array): Promise<void> {
  const { buildId } = decode(buildTargetSchema, value);
  const done = { phase: 'succeeded' as const, imageDigest: testDigest('e'), sentAt: Date.now() };
  await bus.putKey(statusBucket(clusterId), key, buildStatusSchema, { schemaVersion: 1, buildId, ...done });
}

async function hold(bus: Bus, clusterId: Id<'cls'>, key: string, value: Uint8Array): Promise<void> {
  const { generation, epoch, tombstone, revisions, service } = decode(targetSchema, value);
  const ready = {
    type: 'Ready',
    status: 'true' as const,
    reason: 'Started',
    message: 'It started.',
    changedAt: Date.now(),
  };
  await bus.putKey(statusBucket(clusterId), key, targetStatusSchema, {
    schemaVersion: 1,
    clusterId,
    serviceId: service.id,
    generation,
    epoch,
    removed: tombstone !== undefined,
    revisions: revisions.map(({ name }) => ({ name, ready, instances: 0 })),
    sentAt: Date.now(),
  });
}

/** Says one thing at a time, as the real one does: the newest when the last was stored. */
async function standInGateway(bus: Bus, gatewayId: Id<'gw'>): Promise<() => void> {
  let [acknowledged, said, saying] = [0, -1, false];
  let mark = '';
  const say = async (): Promise<void> => {
    if (saying) return;
    saying = true;
    do {
      said = acknowledged;
      const status = { schemaVersion: 1 as const, gatewayId, region: 'lab', acknowledged, mark };
      await bus.putKey(GATEWAYS_BUCKET, gatewayId, gatewayStatusSchema, {
        ...status,
        rejected: [],
        sentAt: Date.now(),
      });
    } while (said < acknowledged);
    saying = false;
  };
  await say();
  const timer = setInterval(() => void say(), SAY_MS);
  const stop = await bus.watchKeys(ROUTES_BUCKET, '>', ({ key, value, sequence }) => {
    if (key === ROUTES_MARK_KEY && value) mark = decode(routesMarkSchema, value).id;
    acknowledged = Math.max(acknowledged, sequence);
    void say();
  });
  return () => {
    clearInterval(timer);
    stop();
  };
}
