import type { Clock } from '#libs/domain';
import { Loop, type Logger, type Metrics } from '#libs/process';
import type { Database } from './database.js';
import { movesOf, type Moves } from './lease.rules.js';
import {
  dropReplica,
  giveLease,
  leasesOf,
  listReplicas,
  lockLeases,
  noteReplica,
  releaseLease,
  renewLeases,
  takeLeases,
  LeaseLost,
  underLease,
  type Lease,
  type LeaseAsk,
  type LeasedTx,
} from './lease.store.js';
import type { Tx } from './statement.js';

/** How long a lease outlives the last sign of its owner: what a killed process keeps others waiting. */
const LIFE_MS = 5_000;
const RENEW_MS = 1_500;
/** A lease has changed hands: who waits for one looks. */
const CHANNEL = 'leases';

export interface LeaseParts {
  /** Whose replicas share the partitions. */
  group: string;
  /** The partitions: a lease each. */
  names: readonly string[];
  /** This replica, unlike every other one. */
  owner: string;
  db: Database;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
}

export interface LeaseNews {
  /** The leases may have changed hands. */
  onChange?: () => void;
  /** These are new here, or were taken anew after a lapse; told again until it has worked. */
  onGained?: (names: readonly string[]) => Promise<void>;
}

/**
 * Holds this replica's share of the partitions: renews its own, takes free ones, hands others over when a replica has
 * come, and all when it goes itself. What it says may be out of date by the time of a write, so every write goes through
 * `underLease`, where the database refuses a former epoch.
 */
export class LeaseKeeper {
  private held = new Map<string, Lease>();
  private owners: ReadonlyMap<string, string> = new Map();
  /** Gained, and `onGained` has not worked yet. */
  private readonly untold = new Set<string>();
  private readonly loop: Loop;
  private readonly refused;
  private readonly holds;
  private unlisten: (() => Promise<void>) | undefined;

  constructor(
    private readonly parts: LeaseParts,
    private readonly news: LeaseNews = {},
  ) {
    const { metrics, logger } = parts;
    this.loop = new Loop('leases', RENEW_MS, () => this.renew(), logger);
    this.refused = metrics.counter(
      'towpath_lease_writes_refused_total',
      'Writes under a lease that somebody else holds now',
    );
    this.holds = metrics.gauge('towpath_leases_held', 'Partitions that this replica works on');
  }

  async start(): Promise<void> {
    this.unlisten = await this.parts.db.listen(CHANNEL, () => this.loop.wake());
    this.loop.start();
  }

  /** The lease when this process holds it, as far as it knows. */
  holding(name: string): Lease | undefined {
    return this.held.get(name);
  }

  /** Which replica held it at the last look. */
  ownerOf(name: string): string | undefined {
    return this.owners.get(name);
  }

  /** The database refused a write: somebody else has it. Forgets it at once, and looks who. */
  lost(lease: Lease): void {
    this.refused.inc();
    if (this.held.get(lease.name)?.epoch === lease.epoch) this.held.delete(lease.name);
    this.news.onChange?.();
    this.loop.wake();
  }

  /** Renews, and when the shares are uneven, moves. */
  async renew(): Promise<void> {
    const { db, group, names } = this.parts;
    const ask = this.ask();
    const before = this.held;
    const { held, moves } = await db.asSystem(async (tx) => {
      await noteReplica(tx, group, ask);
      await renewLeases(tx, names, ask);
      return this.look(tx, ask);
    });
    this.held = moves.take.length + moves.give.length === 0 ? held : await this.move();
    for (const { name, epoch } of this.held.values())
      if (before.get(name)?.epoch !== epoch) this.untold.add(name);
    this.holds.set(this.held.size);
    this.news.onChange?.();
    await this.tell();
  }

  /** Hands everything over; without another replica, lets go of it. */
  async stop(): Promise<void> {
    await this.unlisten?.();
    await this.loop.stop();
    this.held = new Map();
    await this.move(true);
  }

  /** One replica of the group at a time decides, on what the one before has left. */
  private async move(isLeaving = false): Promise<Map<string, Lease>> {
    const { db, group, names } = this.parts;
    const ask = this.ask();
    const { held, moves } = await db.asSystem(async (tx) => {
      await lockLeases(tx, group, names);
      if (isLeaving) await dropReplica(tx, group, ask.owner, ask.now);
      const { moves } = await this.look(tx, ask, isLeaving);
      if (moves.take.length > 0) await takeLeases(tx, moves.take, ask);
      for (const { name, to } of moves.give) await giveLease(tx, name, to, ask);
      const { held } = await this.look(tx, ask);
      if (isLeaving) for (const lease of held.values()) await releaseLease(tx, lease, ask.now);
      return { held, moves };
    });
    if (isLeaving || moves.give.length > 0) await db.notify(CHANNEL);
    return held;
  }

  private async look(
    tx: Tx,
    ask: LeaseAsk,
    isLeaving = false,
  ): Promise<{ held: Map<string, Lease>; moves: Moves }> {
    const { group, names: partitions, owner } = this.parts;
    const { held, holders } = await leasesOf(tx, partitions, ask);
    this.owners = holders;
    const replicas = await listReplicas(tx, group, ask.now);
    return { held, moves: movesOf(owner, { partitions, holders, replicas }, isLeaving) };
  }

  private ask(): LeaseAsk {
    return { owner: this.parts.owner, now: this.parts.clock.now(), lifeMs: LIFE_MS };
  }

  private async tell(): Promise<void> {
    if (this.untold.size === 0) return;
    const names = [...this.untold];
    await this.news.onGained?.(names);
    for (const name of names) this.untold.delete(name);
  }
}

/**
 * Runs `work` as `underLease` does, for who need not know why it could not: undefined, with nothing written, when
 * another replica holds the lease now; the keeper then looks who.
 */
export async function whileHeld<T>(
  { db, leases }: { db: Database; leases: Pick<LeaseKeeper, 'lost'> },
  lease: Lease,
  work: (tx: LeasedTx) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await underLease(db, lease, work);
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
    leases.lost(error.lease);
    return undefined;
  }
}
