import { forgetKeys, purgeKeys, statusBucket, targetsBucket } from '#libs/bus';
import { endedBuilds, listClusters, sealedInUse } from '#libs/store';
import type { SweepParts } from './sweep.parts.js';

/** A result that was folded may still be looked at by who waits for it. */
const BUILD_GRACE_MS = 3_600_000;
const ALL = { limit: 10_000 };

type Parts = Pick<SweepParts, 'db' | 'bus' | 'clock'>;

/** Keys of builds that have ended, and of sealed secrets that no target of the cluster names. */
export async function sweepKeys(parts: Parts): Promise<number> {
  const clusters = await parts.db.asSystem((tx) => listClusters(tx, ALL));
  let swept = 0;
  for (const { id, joinedAt } of clusters) if (joinedAt !== undefined) swept += await sweepCluster(parts, id);
  return swept;
}

async function sweepCluster(parts: Parts, clusterId: string): Promise<number> {
  const { bus } = parts;
  const [targets, status] = [targetsBucket(clusterId), statusBucket(clusterId)];
  // Read before the rows: a secret is sealed after the target that names it is written, a build asked for after its row.
  const keys = [...(await bus.listKeys(targets, '>')), ...(await bus.listKeys(status, 'build.>'))];
  const unused = await unusedOf(parts, clusterId, keys);
  const isUnused = (key: string): boolean => unused.has(key);
  const forgotten = await forgetKeys(bus, targets, isUnused);
  await purgeKeys(bus, status, isUnused);
  await dropMarkers(parts, targets, new Set(keys));
  return forgotten;
}

async function unusedOf({ db, clock }: Parts, clusterId: string, keys: string[]): Promise<Set<string>> {
  const partsOf = (key: string): string[] => key.split('.');
  const builds = keys.filter((key) => key.startsWith('build.'));
  const [ended, used] = await db.asSystem(async (tx) => [
    await endedBuilds(
      tx,
      builds.map((key) => partsOf(key)[1] ?? ''),
      clock.now() - BUILD_GRACE_MS,
    ),
    new Set((await sealedInUse(tx, clusterId)).map(({ id, version }) => `sealed.${id}.${version}`)),
  ]);
  const unused = (key: string): boolean =>
    key.startsWith('sealed.') ? !used.has(key) : key.startsWith('build.') && ended.has(partsOf(key)[1] ?? '');
  return new Set(keys.filter(unused));
}

/** Of keys that were forgotten a round ago, also the markers go: their number would only grow. */
async function dropMarkers({ bus }: Parts, bucket: string, alive: ReadonlySet<string>): Promise<void> {
  const isOurs = (key: string): boolean => /^(build|sealed)\./.test(key);
  const now = new Set(await bus.listKeys(bucket, '>'));
  await purgeKeys(bus, bucket, (key) => isOurs(key) && !alive.has(key) && !now.has(key));
}
