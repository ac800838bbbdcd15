import { KINDS, type Kind, type KubeClient, type KubeObject } from '#libs/kube';
import { KeyedQueue, Turns, type Again, type Logger } from '#libs/process';
import { DOOR_NAME } from './door.bootstrap.js';
import { INGRESS_NAMESPACE } from './door.manifests.js';
import { firstDifference } from './drift.js';
import { SYSTEM_NAMESPACE } from './knative.names.js';
import { ObjectGuard } from './object.guard.js';
import type { OnDrift } from './service.applier.js';

const MANAGER = 'towpath-door';
/** What a door is made of, and where the one of that kind is. */
const PARTS: [Kind, namespace: string | undefined, name: string][] = [
  [KINDS.namespace, undefined, SYSTEM_NAMESPACE],
  [KINDS.secret, SYSTEM_NAMESPACE, DOOR_NAME],
  [KINDS.deployment, SYSTEM_NAMESPACE, DOOR_NAME],
  [KINDS.service, SYSTEM_NAMESPACE, DOOR_NAME],
  [KINDS.networkPolicy, INGRESS_NAMESPACE, DOOR_NAME],
];

/**
 * Keeps the door's own objects as they were asked for last: what somebody else changes or deletes is applied again. By force: a
 * door that another agent wrote, or one with an old certificate, lets no gateway in.
 */
export class DoorObjects {
  private readonly guards = new Map<string, ObjectGuard>();
  private readonly queue: KeyedQueue<typeof DOOR_NAME>;
  private wanted: readonly KubeObject[] = [];
  /** What was asked for later is there at the end. */
  private readonly turns = new Turns();

  constructor({ client, onDrift, logger }: { client: KubeClient; onDrift: OnDrift; logger: Logger }) {
    this.queue = new KeyedQueue('door objects', this.repair, 1, logger);
    const onChange = (): void => this.queue.add(DOOR_NAME);
    for (const [kind, namespace, name] of PARTS) {
      const where = { ...(namespace === undefined ? {} : { namespace }), fields: `metadata.name=${name}` };
      const write = async (wanted: KubeObject, seen?: KubeObject): Promise<KubeObject> => {
        const isThere = seen !== undefined && firstDifference(wanted, seen) === undefined;
        return isThere ? seen : client.apply(kind, wanted, MANAGER);
      };
      this.guards.set(kind.kind, new ObjectGuard({ client, kind, where, write, onDrift, onChange, logger }));
    }
  }

  /**
   * Resolves when the objects are there; from then on they are kept so. Rights of a release before may not let them be watched:
   * nothing waits for that.
   */
  async make(wanted: readonly KubeObject[]): Promise<void> {
    this.wanted = wanted;
    for (const guard of this.guards.values()) guard.start();
    await this.turns.take(() => this.keep(wanted));
  }

  async stop(): Promise<void> {
    await this.queue.stop();
    await Promise.all([...this.guards.values()].map((guard) => guard.stop()));
  }

  private readonly repair = async (): Promise<Again> => {
    await this.turns.take(() => this.keep(this.wanted));
    return undefined;
  };

  private async keep(wanted: readonly KubeObject[]): Promise<void> {
    for (const object of wanted) {
      const guard = this.guards.get(object.kind);
      if (guard === undefined) throw new Error(`${object.kind} is no part of a door`);
      await guard.keep(object);
    }
  }
}
