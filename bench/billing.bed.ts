import { SHARDS } from '#libs/domain';
import { systemClock } from '#libs/process';
import { acquireLease, underLease, type Lease } from '#libs/store';
import {
  makeUsedRevision,
  seededRandom,
  testDatabase,
  type TestDatabase,
  type UsedRevision,
} from '#libs/testing';
import { foldShard } from '../apps/billing/src/fold/window.fold.js';
import { MeteredThings } from '../apps/billing/src/metered.things.js';
import { cpuOf } from './protocol.js';

/** A database, and the right to write in it what billing writes. */
export interface BillingBed {
  database: TestDatabase;
  lease: Lease;
  things: MeteredThings;
  /** An organization with one revision of 1 vCPU and 512 MiB. */
  revision(seed: number): Promise<UsedRevision>;
  stop(): Promise<void>;
}

/** The revision of `BillingBed.revision`. */
export const SHAPE = { concurrency: 80, maxInstances: 100, timeoutSeconds: 300 };

const LEASE_MS = 86_400_000;

export async function startBillingBed(): Promise<BillingBed> {
  const database = await testDatabase();
  const ask = { name: 'bench', owner: 'bench', now: systemClock.now(), lifeMs: LEASE_MS };
  const lease = await database.db.asSystem((tx) => acquireLease(tx, ask));
  if (!lease) throw new Error('the lease of an empty database is taken');
  return {
    database,
    lease,
    things: new MeteredThings(),
    revision: (seed) =>
      makeUsedRevision((sql, values) => database.query(sql, values), seededRandom(seed), SHAPE),
    stop: () => database.drop(),
  };
}

/** Folds everything that is marked, as billing's loop does, shard by shard. */
export async function foldAll({ database, lease, things }: BillingBed): Promise<void> {
  for (let shard = 0; shard < SHARDS; shard++) {
    let folded = 1;
    while (folded > 0) {
      ({ windows: folded } = await underLease(database.db, lease, (tx) =>
        foldShard(tx, shard, things, systemClock.now()),
      ));
    }
  }
}

/** CPU time of this process and of everything that works for a database so far, microseconds. */
export async function cpuWith({ database }: Pick<BillingBed, 'database'>): Promise<number> {
  const { user, system } = process.cpuUsage();
  const backends = await database.query<{ pid: number }>(
    'SELECT pid FROM pg_stat_activity WHERE pid IS NOT NULL',
  );
  return user + system + backends.reduce((sum, { pid }) => sum + cpuIfThere(pid), 0);
}

function cpuIfThere(pid: number): number {
  try {
    return cpuOf(pid);
  } catch {
    return 0;
  }
}

/** What the tables of a kind hold on disk with their indexes, bytes. */
export async function bytesOf(
  { database }: Pick<BillingBed, 'database'>,
  tables: readonly string[],
): Promise<Map<string, number>> {
  const rows = await database.query<{ name: string; bytes: string }>(
    `SELECT name, pg_total_relation_size(name::regclass)::text AS bytes FROM unnest($1::text[]) AS name`,
    [tables],
  );
  return new Map(rows.map(({ name, bytes }) => [name, Number(bytes)]));
}
