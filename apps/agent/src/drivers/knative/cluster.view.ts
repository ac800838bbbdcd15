import { kubernetesName, type Clock, type Id } from '#libs/domain';
import {
  KINDS,
  Reflector,
  type Kind,
  type KubeClient,
  type KubeObject,
  type ReflectorOptions,
} from '#libs/kube';
import type { Logger } from '#libs/process';
import { LABELS, idOf, namespaceOf } from './knative.names.js';
import type { KnativeRevision, KnativeService, Pod } from './knative.types.js';
import type { Seen } from './service.plan.js';

/** What is told of a change of what is in the cluster. */
export interface OnChange {
  service: (id: Id<'svc'>) => void;
  pod: (pod: Pod) => void;
  podGone: () => void;
}

export interface ViewParts {
  client: KubeClient;
  clusterId: Id<'cls'>;
  clock: Clock;
  logger: Logger;
}

/** What of Towpath's is in the cluster now, kept current by watches; told by service. */
export class ClusterView {
  /** Since when every change of a pod was seen, UTC ms. */
  podsSince = Infinity;
  private readonly services: Grouped<KnativeService>;
  private readonly revisions: Grouped<KnativeRevision>;
  private readonly pods: Grouped<Pod>;

  constructor(parts: ViewParts, onChange: OnChange) {
    const { client, clusterId, clock, logger } = parts;
    const labels = `${LABELS.owner}=${kubernetesName(clusterId)}`;
    const of = <T extends KubeObject>(
      kind: Kind,
      seen?: (object: T | undefined) => void,
      more: Pick<ReflectorOptions, 'onList'> = {},
    ): Grouped<T> =>
      new Grouped(
        (changed) => new Reflector<T>(client, kind, { labels }, logger, { onChange: changed, ...more }),
        onChange.service,
        seen,
      );
    this.services = of(KINDS.knativeService);
    this.revisions = of(KINDS.revision);
    const seen = (pod: Pod | undefined): void => (pod === undefined ? onChange.podGone() : onChange.pod(pod));
    this.pods = of<Pod>(KINDS.pod, seen, { onList: () => (this.podsSince = clock.now()) });
  }

  /** Resolves when everything that is there has been seen once. */
  async start(): Promise<void> {
    const all = [this.services, this.revisions, this.pods].map(({ reflector }) => reflector);
    for (const reflector of all) reflector.start();
    await Promise.all(all.map((reflector) => reflector.synced()));
  }

  async stop(): Promise<void> {
    await Promise.all([this.services, this.revisions, this.pods].map(({ reflector }) => reflector.stop()));
  }

  seen(projectId: Id<'prj'>, name: string, serviceId: Id<'svc'>): Seen {
    return {
      service: this.services.reflector.get(`${namespaceOf(projectId)}/${name}`),
      revisions: this.revisionsOf(serviceId),
    };
  }

  /** By id, wherever it is: after a restart of the agent nothing else is known of it. */
  serviceOf(serviceId: Id<'svc'>): KnativeService | undefined {
    return this.services.of(serviceId)[0];
  }

  revisionsOf(serviceId: Id<'svc'>): KnativeRevision[] {
    return this.revisions.of(serviceId);
  }

  podsOf(serviceId: Id<'svc'>): Pod[] {
    return this.pods.of(serviceId);
  }

  allPods(): Pod[] {
    return this.pods.reflector.all();
  }

  serviceIds(): Id<'svc'>[] {
    return this.services.ids();
  }
}

/** The objects of one kind, by the service that their label names: a look at one service goes through no other's. */
class Grouped<T extends KubeObject> {
  readonly reflector: Reflector<T>;
  private readonly serviceOf = new Map<string, Id<'svc'>>();
  private readonly keys = new Map<Id<'svc'>, Set<string>>();

  constructor(
    reflectorOf: (changed: (key: string) => void) => Reflector<T>,
    private readonly tell: (id: Id<'svc'>) => void,
    private readonly seen?: (object: T | undefined) => void,
  ) {
    this.reflector = reflectorOf((key) => this.changed(key));
  }

  of(serviceId: Id<'svc'>): T[] {
    return [...(this.keys.get(serviceId) ?? [])].flatMap((key) => this.reflector.get(key) ?? []);
  }

  ids(): Id<'svc'>[] {
    return [...this.keys.keys()];
  }

  /** Of an object that is gone, or that says no more whose it is, the service that it was of is told. */
  private changed(key: string): void {
    const object = this.reflector.get(key);
    const now = idOf('svc', object?.metadata.labels?.[LABELS.service]);
    const before = this.serviceOf.get(key);
    if (now !== before) {
      this.leave(key, before);
      this.join(key, now);
    }
    this.seen?.(object);
    const told = now ?? before;
    if (told !== undefined) this.tell(told);
  }

  private join(key: string, id: Id<'svc'> | undefined): void {
    if (id === undefined) return;
    this.serviceOf.set(key, id);
    this.keys.set(id, (this.keys.get(id) ?? new Set()).add(key));
  }

  private leave(key: string, id: Id<'svc'> | undefined): void {
    if (id === undefined) return;
    this.serviceOf.delete(key);
    const left = this.keys.get(id);
    left?.delete(key);
    if (left?.size === 0) this.keys.delete(id);
  }
}
