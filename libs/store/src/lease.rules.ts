/** Who works on what now: the partitions of a group and the replicas that live. */
export interface Standing {
  partitions: readonly string[];
  /** Partition -> the replica whose lease of it lasts; a free one is absent. */
  holders: ReadonlyMap<string, string>;
  /** Replicas that have said lately that they live. */
  replicas: readonly string[];
}

/** What one replica does about it: takes free partitions, hands others over. */
export interface Moves {
  take: string[];
  give: { name: string; to: string }[];
}

/**
 * Brings a replica nearer to an even share: each of m replicas holds n/m partitions, rounded down or up; those that hold
 * most keep the odd ones, so that as few as possible move. A replica that leaves hands everything to those that stay.
 */
export function movesOf(me: string, standing: Standing, isLeaving = false): Moves {
  const { partitions, holders } = standing;
  // whoever holds a lease lives, also one of a release that says nothing else
  const others = new Set([...standing.replicas, ...holders.values()].filter((replica) => replica !== me));
  const shares = sharesOf(isLeaving ? [...others] : [...others, me], standing);
  const free = partitions.filter((name) => !holders.has(name));
  const own = partitions.filter((name) => holders.get(name) === me);
  const share = shares.get(me) ?? 0;
  const take = isLeaving ? [] : free.slice(0, Math.max(0, share - own.length));
  // what others lack they take of the free ones first
  const lacking = lacksOf([...others].sort(), shares, standing).slice(free.length - take.length);
  const give = own.slice(share).flatMap((name, index) => {
    const to = lacking[index];
    return to === undefined ? [] : [{ name, to }];
  });
  return { take, give };
}

/** How many partitions each replica should hold. */
function sharesOf(replicas: string[], standing: Standing): Map<string, number> {
  const held = heldBy(standing);
  const order = replicas.sort((a, b) => held(b) - held(a) || (a < b ? -1 : 1));
  const least = Math.floor(standing.partitions.length / order.length);
  const odd = standing.partitions.length % order.length;
  return new Map(order.map((replica, rank) => [replica, least + (rank < odd ? 1 : 0)]));
}

/** Each replica as often as it lacks a partition. */
function lacksOf(
  replicas: readonly string[],
  shares: ReadonlyMap<string, number>,
  standing: Standing,
): string[] {
  const held = heldBy(standing);
  return replicas.flatMap((replica) =>
    Array.from({ length: Math.max(0, (shares.get(replica) ?? 0) - held(replica)) }, () => replica),
  );
}

function heldBy({ partitions, holders }: Standing): (replica: string) => number {
  return (replica) => partitions.filter((name) => holders.get(name) === replica).length;
}
