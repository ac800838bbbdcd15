import { kubernetesName, type Id } from '#libs/domain';
import { KINDS, Reflector, keyOf, type KubeClient, type KubeObject } from '#libs/kube';
import type { Logger } from '#libs/process';
import { LABELS, idOf, namespaceOf } from './knative.names.js';
import type { KnativeRevision, KnativeService, Pod } from './knative.types.js';
import type { Seen } from './service.plan.js';

/** What of Towpath's is in the cluster now, kept current by watches; told by service. */
export class ClusterView {
  private readonly services: Reflector<KnativeService>;
  private readonly revisions: Reflector<KnativeRevision>;
  private readonly pods: Reflector<Pod>;

  constructor(
    client: KubeClient,
    clusterId: Id<'cls'>,
    onChange: { service: (id: Id<'svc'>) => void; pod: (pod: Pod) => void },
    logger: Logger,
  ) {
    const where = { labels: `${LABELS.owner}=${kubernetesName(clusterId)}` };
    const known = new Map<string, Id<'svc'>>();
    const tell = (reflector: () => Reflector<KubeObject>) => (key: string) => {
      const id = idOf('svc', reflector().get(key)?.metadata.labels?.[LABELS.service]) ?? known.get(key);
      if (id === undefined) return;
      known.set(key, id);
      if (reflector().get(key) === undefined) known.delete(key);
      onChange.service(id);
    };
    this.services = new Reflector(client, KINDS.knativeService, where, logger, {
      onChange: tell(() => this.services),
    });
    this.revisions = new Reflector(client, KINDS.revision, where, logger, {
      onChange: tell(() => this.revisions),
    });
    this.pods = new Reflector(client, KINDS.pod, where, logger, {
      onChange: (key) => {
        const pod = this.pods.get(key);
        if (pod !== undefined) onChange.pod(pod);
        tell(() => this.pods)(key);
      },
    });
  }

  /** Resolves when everything that is there has been seen once. */
  async start(): Promise<void> {
    const all = [this.services, this.revisions, this.pods];
    for (const reflector of all) reflector.start();
    await Promise.all(all.map((reflector) => reflector.synced()));
  }

  async stop(): Promise<void> {
    await Promise.all([this.services.stop(), this.revisions.stop(), this.pods.stop()]);
  }

  seen(projectId: Id<'prj'>, name: string, serviceId: Id<'svc'>): Seen {
    return {
      service: this.services.get(`${namespaceOf(projectId)}/${name}`),
      revisions: this.revisionsOf(serviceId),
    };
  }

  /** By id, wherever it is: after a restart of the agent nothing else is known of it. */
  serviceOf(serviceId: Id<'svc'>): KnativeService | undefined {
    return this.services.all().find((one) => labelled(one, serviceId));
  }

  revisionsOf(serviceId: Id<'svc'>): KnativeRevision[] {
    return this.revisions.all().filter((one) => labelled(one, serviceId));
  }

  podsOf(serviceId: Id<'svc'>): Pod[] {
    return this.pods.all().filter((one) => labelled(one, serviceId));
  }

  allPods(): Pod[] {
    return this.pods.all();
  }

  serviceIds(): Id<'svc'>[] {
    return this.services.all().flatMap((one) => idOf('svc', one.metadata.labels?.[LABELS.service]) ?? []);
  }
}

export const podKey = (pod: Pod): string => keyOf(pod);

const labelled = ({ metadata }: KubeObject, serviceId: Id<'svc'>): boolean =>
  metadata.labels?.[LABELS.service] === kubernetesName(serviceId);
