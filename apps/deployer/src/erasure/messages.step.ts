import {
  ROUTES_BUCKET,
  forgetKeys,
  laggards,
  purgeKeys,
  purgeLogs,
  routeKey,
  statusBucket,
  targetsBucket,
  type Bus,
} from '#libs/bus';
import type { ErasedStore, StepProgress } from '#libs/domain';
import { listClusters, traceIds, type Database, type TraceIds } from '#libs/store';
import type { EraseStep } from './erase.step.js';

/** Agents and gateways that do not take notice are not waited for longer than this: they may be gone for ever. */
const PATIENCE_MS = 3_600_000;
const ALL = { limit: 10_000 };

interface Bucket {
  name: string;
  /** In the report; one line for the buckets of all clusters. */
  store: string;
  isMeant: (key: string) => boolean;
  /** Agents and gateways read it by durable consumers; the others only the hub watches. */
  followed: boolean;
}

/**
 * Everything in NATS that is named by something of the organization: first marked as gone, so that agents and gateways
 * forget it too; when they have, it is purged with the markers, since keys hold names.
 */
export const eraseMessages: EraseStep = async ({ db, bus, clock }, { organizationId, startedAt }) => {
  const ids = await db.asSystem((tx) => traceIds(tx, organizationId));
  const buckets = await bucketsOf(db, ids);
  const forgotten = await forget(bus, buckets);
  const behind = clock.now() - startedAt > PATIENCE_MS ? [] : await allLaggards(bus, buckets);
  const isMarked = forgotten.some(({ erased }) => erased > 0);
  const progress =
    isMarked || behind.length > 0 ? waiting(forgotten, behind) : await purge(bus, buckets, ids);
  return () => Promise.resolve(progress);
};

async function bucketsOf(db: Database, ids: TraceIds): Promise<Bucket[]> {
  const things = new Set([...ids.services, ...ids.builds, ...ids.secrets]);
  const hosts = new Set(ids.hosts.map(routeKey));
  const isThing = (key: string): boolean => things.has(key.split('.')[1] ?? '');
  const clusters = await db.asSystem((tx) => listClusters(tx, ALL));
  const joined = clusters.filter(({ joinedAt }) => joinedAt !== undefined);
  return [
    { name: ROUTES_BUCKET, store: 'bucket routes', isMeant: (key) => hosts.has(key), followed: true },
    ...joined.flatMap(({ id }): Bucket[] => [
      { name: targetsBucket(id), store: 'buckets targets', isMeant: isThing, followed: true },
      { name: statusBucket(id), store: 'buckets status', isMeant: isThing, followed: false },
    ]),
  ];
}

async function forget(bus: Bus, buckets: readonly Bucket[]): Promise<ErasedStore[]> {
  const stores: ErasedStore[] = [];
  for (const { name, store, isMeant } of buckets)
    stores.push({ store, erased: await forgetKeys(bus, name, isMeant), held: 0 });
  return stores;
}

async function allLaggards(bus: Bus, buckets: readonly Bucket[]): Promise<string[]> {
  const lists = buckets.filter(({ followed }) => followed).map(({ name }) => laggards(bus, name));
  return (await Promise.all(lists)).flat();
}

function waiting(stores: ErasedStore[], behind: readonly string[]): StepProgress {
  const whom = behind.length === 0 ? 'agents and gateways' : behind.join(', ');
  return { done: false, message: `Waits until ${whom} took notice.`, stores };
}

async function purge(bus: Bus, buckets: readonly Bucket[], ids: TraceIds): Promise<StepProgress> {
  for (const { name, isMeant } of buckets) await purgeKeys(bus, name, isMeant);
  const erased = await purgeLogs(bus, new Set([...ids.services, ...ids.builds]));
  const logs = { store: 'stream LOGS', erased, held: 0 };
  return { done: true, message: 'No message names it.', stores: [logs] };
}
