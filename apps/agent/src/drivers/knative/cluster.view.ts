import { kubernetesName, type Clock, type Id } from '#libs/domain';
import {
  KINDS,
  Reflector,
  type Kind,
  type KubeClient,
  type KubeObject,
  type ReflectorOptions,
  type Where,
} from '#libs/kube';
import type { Logger } from '#libs/process';
import { isApplied } from './contested.js';
import { KNATIVE_SERVICE, LABELS, idOf, namespaceOf } from './knative.names.js';
import type { KnativeRevision, KnativeService, Pod } from './knative.types.js';
import type { Seen } from './service.plan.js';

/** What is told of a change of what is in the cluster. */
export interface OnChange {
  service: (id: Id<'svc'>) => void;
  pod: (pod: Pod) => void;
  podGone: () => void;
  /** Of a Secret of a service that is there no more, or is no more known by its labels. */
  secretGone: (id: Id<'svc'>, name: string) => void;
}

export interface ViewParts {
  client: KubeClient;
  clusterId: Id<'cls'>;
  /** The name of a service that is held. */
  nameOf: (id: Id<'svc'>) => string | undefined;
  clock: Clock;
  logger: Logger;
}

/**
 * What of Towpath's is in the cluster now, kept current by watches; told by service. A Knative Service that somebody made of one of
 * ours bears its labels, and so does all that Knative makes for it: nothing of that is seen.
 */
export class ClusterView {
  /** Since when every change of a pod was seen, UTC ms. */
  podsSince = Infinity;
  private readonly services: Grouped<KnativeService>;
  private readonly revisions: Grouped<KnativeRevision>;
  private readonly pods: Grouped<Pod>;
  private readonly secrets: Grouped<KubeObject>;

  constructor(
    private readonly parts: ViewParts,
    onChange: OnChange,
  ) {
    const { client, clusterId, clock, logger } = parts;
    const labels = `${LABELS.owner}=${kubernetesName(clusterId)}`;
    const of = <T extends KubeObject>(
      kind: Kind,
      told: Told<T> = {},
      more: Omit<ReflectorOptions<T>, 'onChange'> = {},
      where: Where = { labels },
    ): Grouped<T> =>
      new Grouped(
        (changed) => new Reflector<T>(client, kind, where, logger, { onChange: changed, ...more }),
        onChange.service,
        told,
      );
    this.services = of(KINDS.knativeService);
    this.revisions = of(KINDS.revision);
    const seen = (pod: Pod | undefined): void => {
      if (pod === undefined) onChange.podGone();
      else if (this.isOwn(pod)) onChange.pod(pod);
    };
    this.pods = of<Pod>(KINDS.pod, { seen }, { onList: () => (this.podsSince = clock.now()) });
    const ofServices = { labels: `${labels},${LABELS.service}` };
    const keep = ({ apiVersion, kind, metadata }: KubeObject): KubeObject => ({ apiVersion, kind, metadata });
    this.secrets = of(KINDS.secret, { gone: onChange.secretGone }, { keep }, ofServices);
  }

  /** Resolves when everything that is there has been seen once. */
  async start(): Promise<void> {
    const all = this.reflectors();
    for (const reflector of all) reflector.start();
    await Promise.all(all.map((reflector) => reflector.synced()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.reflectors().map((reflector) => reflector.stop()));
  }

  private reflectors(): Pick<Reflector<KubeObject>, 'start' | 'stop' | 'synced'>[] {
    return [this.services, this.revisions, this.pods, this.secrets].map(({ reflector }) => reflector);
  }

  seen(projectId: Id<'prj'>, name: string, serviceId: Id<'svc'>): Seen {
    return {
      service: this.services.reflector.get(`${namespaceOf(projectId)}/${name}`),
      revisions: this.revisions
        .of(serviceId)
        .filter(({ metadata }) => metadata.labels?.[KNATIVE_SERVICE] === name),
    };
  }

  /** By id, wherever it is: after a restart of the agent nothing else is known of it. */
  serviceOf(serviceId: Id<'svc'>): KnativeService | undefined {
    return this.services.of(serviceId).find(this.isOwnService);
  }

  podsOf(serviceId: Id<'svc'>): Pod[] {
    return this.pods.of(serviceId).filter(this.isOwn);
  }

  allPods(): Pod[] {
    return this.pods.reflector.all().filter(this.isOwn);
  }

  serviceIds(): Id<'svc'>[] {
    return this.services.ids().filter((id) => this.serviceOf(id) !== undefined);
  }

  /** Of what Knative made for a Service. */
  private readonly isOwn = ({ metadata: { namespace, labels = {} } }: KubeObject): boolean => {
    const held = this.heldName(labels);
    const name = labels[KNATIVE_SERVICE];
    if (held !== undefined) return name === held;
    const service = this.services.reflector.get(`${namespace}/${name}`);
    return service === undefined || isApplied(service);
  };

  private readonly isOwnService = (service: KnativeService): boolean => {
    const held = this.heldName(service.metadata.labels);
    return held === undefined ? isApplied(service) : service.metadata.name === held;
  };

  private heldName(labels: Record<string, string> = {}): string | undefined {
    const id = idOf('svc', labels[LABELS.service]);
    return id && this.parts.nameOf(id);
  }
}

/** Who besides the service is told of a change. */
interface Told<T> {
  seen?: (object: T | undefined) => void;
  gone?: (id: Id<'svc'>, name: string) => void;
}

/** The objects of one kind, by the service that their label names: a look at one service goes through no other's. */
class Grouped<T extends KubeObject> {
  readonly reflector: Reflector<T>;
  private readonly serviceOf = new Map<string, Id<'svc'>>();
  private readonly keys = new Map<Id<'svc'>, Set<string>>();

  constructor(
    reflectorOf: (changed: (key: string) => void) => Reflector<T>,
    private readonly tell: (id: Id<'svc'>) => void,
    private readonly told: Told<T>,
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
      if (before !== undefined) this.told.gone?.(before, key.slice(key.indexOf('/') + 1));
    }
    this.told.seen?.(object);
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
