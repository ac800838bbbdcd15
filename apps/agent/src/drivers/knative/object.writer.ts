import type { Clock } from '#libs/domain';
import { KubeError, keyOf, type FieldManager, type Kind, type KubeClient, type KubeObject } from '#libs/kube';
import { ContestedError, claimsOf, isOurs, isOwn, standing, type Claim } from './contested.js';
import { firstDifference } from './drift.js';

/** Somebody who changes an object back that often within the time does it again. */
const FIGHT_TIMES = 5;
const FIGHT_MS = 60_000;

/** Applies objects that are Towpath's, and no others: what somebody else made or holds is never overwritten. */
export class ObjectWriter {
  /** When what others had changed in an object was last set again, epoch ms. */
  private readonly forced = new Map<string, number[]>();
  /** Objects that somebody changed back again and again, until one is found as it is wanted, or unclaimed. */
  private readonly fights = new Set<string>();

  constructor(
    private readonly client: KubeClient,
    private readonly clock: Clock,
  ) {}

  /**
   * @param seen the object as it is now, known to be Towpath's; undefined: it is looked for
   * @param isShared the cluster makes it, and Towpath adds to it
   * @throws ContestedError
   */
  async write(
    kind: Kind,
    wanted: KubeObject,
    manager: FieldManager,
    seen?: KubeObject,
    isShared = false,
  ): Promise<KubeObject> {
    const found = seen ?? (await this.find(kind, wanted));
    if (found !== undefined && !isShared && !isOurs(wanted, found))
      throw ContestedError.nameTaken(wanted, found);
    if (found !== undefined && firstDifference(wanted, found) === undefined) {
      this.fights.delete(nameOf(kind, wanted));
      return found;
    }
    return this.apply(kind, wanted, manager);
  }

  private async apply(kind: Kind, wanted: KubeObject, manager: FieldManager): Promise<KubeObject> {
    try {
      const applied = await this.client.apply(kind, wanted, manager, { force: false });
      this.fights.delete(nameOf(kind, wanted));
      return applied;
    } catch (error) {
      const claims = error instanceof KubeError ? claimsOf(error) : [];
      if (claims.length === 0) throw error;
      this.settle(kind, wanted, claims, (await this.find(kind, wanted)) ?? wanted);
      return await this.client.apply(kind, wanted, manager);
    }
  }

  /** @throws ContestedError unless the fields may be set again */
  private settle(kind: Kind, wanted: KubeObject, claims: readonly Claim[], found: KubeObject): void {
    const held = standing(claims, found);
    if (held.length > 0) throw ContestedError.fieldTaken(wanted, held);
    const others = claims.filter(({ manager }) => !isOwn(manager));
    const key = nameOf(kind, wanted);
    const now = this.clock.now();
    const times = (this.forced.get(key) ?? []).filter((time) => now - time < FIGHT_MS);
    if (others.length > 0 && times.length >= FIGHT_TIMES) this.fights.add(key);
    if (others.length > 0 && this.fights.has(key)) throw ContestedError.fieldTaken(wanted, others);
    if (others.length > 0) times.push(now);
    if (times.length > 0) this.forced.set(key, times);
    else this.forced.delete(key);
  }

  private async find(kind: Kind, { metadata }: KubeObject): Promise<KubeObject | undefined> {
    const { namespace, name } = metadata;
    const where = { ...(namespace === undefined ? {} : { namespace }), fields: `metadata.name=${name}` };
    return (await this.client.list(kind, where)).items[0];
  }
}

const nameOf = ({ kind }: Kind, object: KubeObject): string => `${kind} ${keyOf(object)}`;
