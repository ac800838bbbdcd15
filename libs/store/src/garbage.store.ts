import type { Digest, Id } from '#libs/domain';
import {
  dropBuildsOfSql,
  dropUploadSql,
  endedBuildsSql,
  holdNameSql,
  isSourceSql,
  sealedInUseSql,
  takeNameSql,
  unusedUploadsSql,
} from './garbage.sql.js';
import { time } from './row.js';
import type { Tx } from './statement.js';

/**
 * Says that a row is about to refer to this upload or blob, until the transaction ends: nobody sweeps it meanwhile.
 * Look whether it is there after this, not before.
 */
export async function holdFromSweep(tx: Tx, name: Id<'upl'> | Digest): Promise<void> {
  await tx.run(holdNameSql, [name]);
}

/** The sweeper's half: false when somebody holds it just now. */
export async function takeForSweep(tx: Tx, name: string): Promise<boolean> {
  return (await tx.one(takeNameSql, [name]))?.taken === true;
}

/** Uploads made before that time (UTC ms) that no service names, oldest first. System role. */
export async function unusedUploads(tx: Tx, before: number, limit: number): Promise<Id<'upl'>[]> {
  return (await tx.run(unusedUploadsSql, [time(before), limit])).map(({ id }) => id);
}

/** Drops an upload with its builds if it still is unused; false when it is not, or somebody is about to use it. */
export async function dropUpload(tx: Tx, id: string, before: number): Promise<boolean> {
  if (!(await takeForSweep(tx, id))) return false;
  await tx.run(dropBuildsOfSql, [time(before), id]);
  return (await tx.run(dropUploadSql, [time(before), id])).length > 0;
}

/** Whether an upload has this content. */
export async function isSource(tx: Tx, digest: Digest): Promise<boolean> {
  return (await tx.one(isSourceSql, [digest]))?.needed === true;
}

/** Which of these builds ended before that time (UTC ms), or went with their upload. */
export async function endedBuilds(tx: Tx, ids: readonly string[], before: number): Promise<Set<string>> {
  return new Set((await tx.run(endedBuildsSql, [ids, time(before)])).map(({ id }) => id));
}

/** Versions of secrets that a cluster's targets refer to. */
export function sealedInUse(tx: Tx, clusterId: string): Promise<{ id: string; version: number }[]> {
  return tx.run(sealedInUseSql, [clusterId]);
}
