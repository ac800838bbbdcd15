import { kubernetesName, same, type Id } from '#libs/domain';
import { KINDS, type FieldManager, type Kind, type KubeClient, type KubeObject } from '#libs/kube';
import { KeyedQueue, Turns, type Again, type Logger } from '#libs/process';
import { ClusterAddresses } from './cluster.addresses.js';
import { CONTESTED_MS, ContestedError, withEach } from './contested.js';
import { LABELS, namespaceOf } from './knative.names.js';
import { ObjectGuard, namespaceIn } from './object.guard.js';
import type { ObjectWriter } from './object.writer.js';
import type { OnDrift } from './service.applier.js';
import { projectManifests, type ProjectFacts } from './project.manifests.js';

const WIDTH = 4;

/** What a project has, and the field manager of each concern, so that a conflict names what it is about. */
const GUARDED: [Kind, FieldManager, 'shared'?][] = [
  [KINDS.namespace, 'towpath-project'],
  [KINDS.networkPolicy, 'towpath-network'],
  [KINDS.resourceQuota, 'towpath-quota'],
  [KINDS.limitRange, 'towpath-quota'],
  // Kubernetes makes one in every namespace.
  [KINDS.serviceAccount, 'towpath-project', 'shared'],
  [KINDS.secret, 'towpath-project'],
];

/** What is known of one project, by the name of its namespace. */
interface Kept {
  facts: ProjectFacts;
  /** Of what goes on in the namespace. */
  turns: Turns;
  /** What the namespace was found to have since it last changed. */
  found?: ProjectFacts | undefined;
}

/** Keeps what every project has in the cluster as it should be: what somebody else changes or deletes is applied again. */
export class ProjectKeeper {
  private readonly guards = new Map<string, ObjectGuard>();
  private readonly kept = new Map<string, Kept>();
  private readonly queue: KeyedQueue<string>;
  private readonly addresses: ClusterAddresses;

  constructor(
    client: KubeClient,
    writer: ObjectWriter,
    clusterId: Id<'cls'>,
    onDrift: OnDrift,
    /** Told of a project's namespace when what keeps it is claimed by somebody else: its services tell it. */
    private readonly onContested: (namespace: string) => void,
    logger: Logger,
    addressesMs?: number,
  ) {
    this.queue = new KeyedQueue('projects', this.repair, WIDTH, logger);
    this.addresses = new ClusterAddresses(client, this.lookAtAll, logger, addressesMs);
    // what is of one service alone is kept elsewhere
    const where = { labels: `${LABELS.owner}=${kubernetesName(clusterId)},!${LABELS.service}` };
    const { changed: onChange } = this;
    for (const [kind, manager, shared] of GUARDED) {
      const write = (wanted: KubeObject, seen?: KubeObject): Promise<KubeObject> =>
        writer.write(kind, wanted, manager, seen, shared !== undefined);
      const parts = { client, kind, where, write, onDrift, onChange, logger };
      this.guards.set(kind.kind, new ObjectGuard(parts));
    }
  }

  async start(): Promise<void> {
    const all = [...this.guards.values()];
    for (const guard of all) guard.start();
    await Promise.all([this.addresses.start(), ...all.map((guard) => guard.synced())]);
  }

  async stop(): Promise<void> {
    await Promise.all([this.queue.stop(), this.addresses.stop()]);
    await Promise.all([...this.guards.values()].map((guard) => guard.stop()));
  }

  /**
   * Resolves when everything of the project is in the cluster; from then on it is kept so. Services of one project come one
   * after the other: the first makes what the others find. @throws ContestedError
   */
  ensure(facts: ProjectFacts): Promise<void> {
    const namespace = namespaceOf(facts.projectId);
    const kept: Kept = this.kept.get(namespace) ?? { facts, turns: new Turns() };
    kept.facts = facts;
    this.kept.set(namespace, kept);
    return kept.turns.take(() => this.settle(kept, facts));
  }

  /** Leaves all others as they are from now on: the cluster holds nothing of them. */
  forgetAllBut(projectIds: Iterable<Id<'prj'>>): void {
    const held = new Set([...projectIds].map(namespaceOf));
    for (const namespace of this.kept.keys()) if (!held.has(namespace)) this.forget(namespace);
  }

  private async settle(kept: Kept, facts: ProjectFacts): Promise<void> {
    if (same(kept.found, facts)) return;
    // before it is looked at: a change that comes meanwhile is looked at again
    kept.found = facts;
    try {
      await withEach(projectManifests(facts, this.addresses.all()), (manifest) => this.keep(manifest));
    } catch (error) {
      kept.found = undefined;
      throw error;
    }
  }

  private forget(namespace: string): void {
    this.kept.delete(namespace);
    for (const guard of this.guards.values()) guard.forget(namespace);
  }

  private async keep(manifest: KubeObject): Promise<void> {
    const guard = this.guards.get(manifest.kind);
    if (guard === undefined) throw new Error(`${manifest.kind} is no part of a project`);
    await guard.keep(manifest);
  }

  private readonly repair = async (namespace: string): Promise<Again> => {
    const kept = this.kept.get(namespace);
    try {
      if (kept !== undefined) await this.ensure(kept.facts);
    } catch (error) {
      if (!(error instanceof ContestedError)) throw error;
      this.onContested(namespace);
      return { againInMs: CONTESTED_MS };
    }
    return undefined;
  };

  /** What was found of each says nothing any more: nodes or API servers are elsewhere. */
  private readonly lookAtAll = (): void => {
    for (const [namespace, kept] of this.kept) {
      kept.found = undefined;
      this.queue.add(namespace);
    }
  };

  private readonly changed = (key: string): void => {
    const namespace = namespaceIn(key);
    const kept = this.kept.get(namespace);
    if (kept === undefined) return;
    kept.found = undefined;
    this.queue.add(namespace);
  };
}
