import type { Database } from './database.js';
import type { Standing } from './lease.rules.js';
import {
  assertLeaseSql,
  dropReplicasSql,
  giveLeaseSql,
  listLeasesSql,
  listReplicasSql,
  liveReplicaSql,
  lockGroupSql,
  makeLeasesSql,
  releaseLeaseSql,
  renewLeasesSql,
  takeLeasesSql,
} from './lease.sql.js';
import { time } from './row.js';
import { Tx } from './statement.js';

/** The right to write about something, fenced: whoever takes it over gets a higher epoch. */
export interface Lease {
  name: string;
  epoch: number;
}

/** Somebody else holds the lease now; what was to be written must not be. */
export class LeaseLost extends Error {
  constructor(readonly lease: Lease) {
    super(`lease ${lease.name} of epoch ${lease.epoch} is lost`);
    this.name = 'LeaseLost';
  }
}

/** A transaction in which the lease is held until its end: only `underLease` makes one. */
export class LeasedTx extends Tx {
  constructor(
    tx: Tx,
    readonly lease: Lease,
  ) {
    super(tx.client);
  }
}

/**
 * Runs `work` in one transaction of the system role whose first statement checks the lease's epoch and locks it: a
 * take-over waits for the end of the transaction, and after one nothing is written. A process that stands still in the
 * middle loses the transaction after LEASED_IDLE_MS.
 * @throws LeaseLost
 */
export function underLease<T>(db: Database, lease: Lease, work: (tx: LeasedTx) => Promise<T>): Promise<T> {
  return db.asSystem(async (tx) => {
    if (!(await tx.one(assertLeaseSql, [lease.name, lease.epoch]))) throw new LeaseLost(lease);
    return work(new LeasedTx(tx, lease));
  });
}

/** Whose turn it is to do something with leases, and until when it lasts. */
export interface LeaseAsk {
  owner: string;
  /** UTC ms */
  now: number;
  lifeMs: number;
}

/**
 * Takes a free or lapsed lease, or renews one's own. Clocks of replicas that differ can only make it change hands
 * early or late: what keeps a former holder from writing is the epoch.
 * @returns undefined when another owner holds it, or writes under it just now
 */
export async function acquireLease(tx: Tx, ask: LeaseAsk & { name: string }): Promise<Lease | undefined> {
  await tx.run(makeLeasesSql, [[ask.name]]);
  await renewLeases(tx, [ask.name], ask);
  await takeLeases(tx, [ask.name], ask);
  return (await leasesOf(tx, [ask.name], ask)).held.get(ask.name);
}

/** Renews those of one's own that have not lapsed; such a lease keeps its epoch. */
export async function renewLeases(tx: Tx, names: readonly string[], ask: LeaseAsk): Promise<void> {
  await tx.run(renewLeasesSql, [names, ask.owner, time(ask.now), time(ask.now + ask.lifeMs)]);
}

/** Takes those that are free and under which nobody writes just now, with a higher epoch. */
export async function takeLeases(tx: Tx, names: readonly string[], ask: LeaseAsk): Promise<void> {
  await tx.run(takeLeasesSql, [names, ask.owner, time(ask.now), time(ask.now + ask.lifeMs)]);
}

/** Hands one's own to another replica, with a higher epoch and a new life: it is never nobody's. */
export async function giveLease(tx: Tx, name: string, to: string, ask: LeaseAsk): Promise<void> {
  await tx.run(giveLeaseSql, [name, ask.owner, to, time(ask.now), time(ask.now + ask.lifeMs)]);
}

/** Lets go at once, so that another replica need not wait for the end of its life. */
export async function releaseLease(tx: Tx, lease: Lease, now: number): Promise<void> {
  await tx.run(releaseLeaseSql, [lease.name, lease.epoch, time(now)]);
}

/** The owner's leases by name, and who holds what. */
export async function leasesOf(
  tx: Tx,
  names: readonly string[],
  { owner, now }: Pick<LeaseAsk, 'owner' | 'now'>,
): Promise<{ held: Map<string, Lease>; holders: Standing['holders'] }> {
  const live = (await tx.run(listLeasesSql, [names, time(now)])).filter((row) => row.live);
  const own = live.filter((row) => row.owner === owner);
  return {
    held: new Map(own.map(({ name, epoch }) => [name, { name, epoch }])),
    holders: new Map(live.map((row) => [row.name, row.owner])),
  };
}

/** Makes the leases that are not there yet, and lets one replica of the group at a time go on to the transaction's end. */
export async function lockLeases(tx: Tx, group: string, names: readonly string[]): Promise<void> {
  await tx.run(lockGroupSql, [group]);
  await tx.run(makeLeasesSql, [names]);
}

/** Says that a replica of the group lives. */
export async function noteReplica(tx: Tx, group: string, { owner, now, lifeMs }: LeaseAsk): Promise<void> {
  await tx.run(liveReplicaSql, [group, owner, time(now + lifeMs)]);
}

export async function listReplicas(tx: Tx, group: string, now: number): Promise<string[]> {
  return (await tx.run(listReplicasSql, [group, time(now)])).map((row) => row.owner);
}

/** Forgets this replica, and those that have not been heard of. */
export async function dropReplica(tx: Tx, group: string, owner: string, now: number): Promise<void> {
  await tx.run(dropReplicasSql, [group, owner, time(now)]);
}
