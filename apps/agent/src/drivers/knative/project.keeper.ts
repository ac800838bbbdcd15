import { kubernetesName, same, type Id } from '#libs/domain';
import {
  KINDS,
  Reflector,
  keyOf,
  type FieldManager,
  type Kind,
  type KubeClient,
  type KubeObject,
} from '#libs/kube';
import { KeyedQueue, type Again, type Logger } from '#libs/process';
import { ClusterAddresses } from './cluster.addresses.js';
import { CONTESTED_MS, ContestedError, withEach } from './contested.js';
import { firstDifference } from './drift.js';
import { LABELS, namespaceOf } from './knative.names.js';
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

interface Guard {
  kind: Kind;
  manager: FieldManager;
  isShared: boolean;
  reflector: Reflector<KubeObject>;
}

/** What is known of one project, by the name of its namespace. */
interface Kept {
  facts: ProjectFacts;
  /** What the server answered to the last apply, until the watch knows more. */
  answered: Map<string, KubeObject>;
  /** What was last asked for of each object: what differs from it was changed by somebody else. */
  applied: Map<string, KubeObject>;
  /** What goes on in the namespace now, or went on last. */
  inHand?: Promise<void>;
  /** What the namespace was found to have since it last changed. */
  found?: ProjectFacts | undefined;
}

/** Keeps what every project has in the cluster as it should be: what somebody else changes or deletes is applied again. */
export class ProjectKeeper {
  private readonly guards = new Map<string, Guard>();
  private readonly kept = new Map<string, Kept>();
  private readonly queue: KeyedQueue<string>;
  private readonly addresses: ClusterAddresses;

  constructor(
    client: KubeClient,
    private readonly writer: ObjectWriter,
    clusterId: Id<'cls'>,
    private readonly onDrift: OnDrift,
    /** Told of a project's namespace when what keeps it is claimed by somebody else: its services tell it. */
    private readonly onContested: (namespace: string) => void,
    logger: Logger,
    addressesMs?: number,
  ) {
    this.queue = new KeyedQueue('projects', this.repair, WIDTH, logger);
    this.addresses = new ClusterAddresses(client, this.lookAtAll, logger, addressesMs);
    // what is of one service alone is kept elsewhere
    const where = { labels: `${LABELS.owner}=${kubernetesName(clusterId)},!${LABELS.service}` };
    for (const [kind, manager, shared] of GUARDED) {
      const onChange = (key: string): void => this.changed(kind, key);
      const reflector = new Reflector<KubeObject>(client, kind, where, logger, { onChange });
      this.guards.set(kind.kind, { kind, manager, isShared: shared !== undefined, reflector });
    }
  }

  async start(): Promise<void> {
    const all = [...this.guards.values()];
    for (const { reflector } of all) reflector.start();
    await Promise.all([this.addresses.start(), ...all.map(({ reflector }) => reflector.synced())]);
  }

  async stop(): Promise<void> {
    await Promise.all([this.queue.stop(), this.addresses.stop()]);
    await Promise.all([...this.guards.values()].map(({ reflector }) => reflector.stop()));
  }

  /**
   * Resolves when everything of the project is in the cluster; from then on it is kept so. Services of one project come one
   * after the other: the first makes what the others find. @throws ContestedError
   */
  ensure(facts: ProjectFacts): Promise<void> {
    const namespace = namespaceOf(facts.projectId);
    const kept: Kept = this.kept.get(namespace) ?? { facts, answered: new Map(), applied: new Map() };
    kept.facts = facts;
    this.kept.set(namespace, kept);
    const before = kept.inHand?.catch(() => undefined);
    kept.inHand = (before ?? Promise.resolve()).then(() => this.settle(kept, facts));
    return kept.inHand;
  }

  /** Leaves all others as they are from now on: the cluster holds nothing of them. */
  forgetAllBut(projectIds: Iterable<Id<'prj'>>): void {
    const held = new Set([...projectIds].map(namespaceOf));
    for (const namespace of this.kept.keys()) if (!held.has(namespace)) this.kept.delete(namespace);
  }

  private async settle(kept: Kept, facts: ProjectFacts): Promise<void> {
    if (same(kept.found, facts)) return;
    // before it is looked at: a change that comes meanwhile is looked at again
    kept.found = facts;
    try {
      await withEach(projectManifests(facts, this.addresses.all()), (manifest) => this.keep(kept, manifest));
    } catch (error) {
      kept.found = undefined;
      throw error;
    }
  }

  private async keep({ answered, applied }: Kept, manifest: KubeObject): Promise<void> {
    const guard = this.guards.get(manifest.kind);
    if (guard === undefined) throw new Error(`${manifest.kind} is no part of a project`);
    const key = `${manifest.kind} ${keyOf(manifest)}`;
    const seen = answered.get(key) ?? guard.reflector.get(keyOf(manifest));
    const difference = seen === undefined ? 'absent' : firstDifference(manifest, seen);
    const { kind, manager, isShared } = guard;
    const there = await this.writer.write(kind, manifest, manager, seen, isShared);
    if (difference !== undefined) {
      answered.set(key, there);
      if (same(applied.get(key), manifest)) this.onDrift(manifest.kind, keyOf(manifest), difference);
    }
    applied.set(key, manifest);
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

  private changed({ kind }: Kind, key: string): void {
    const [namespace = key] = key.split('/');
    const kept = this.kept.get(namespace);
    if (kept === undefined) return;
    kept.answered.delete(`${kind} ${key}`);
    kept.found = undefined;
    this.queue.add(namespace);
  }
}
