import { kubernetesName, type Id, type Target, type TargetRevision } from '#libs/domain';
import { KINDS, type FieldManager, type KubeClient, type KubeObject } from '#libs/kube';
import type { Logger } from '#libs/process';
import { withEach } from './contested.js';
import { firstDifference, isDrift, type Wish } from './drift.js';
import { gpuNote, type GpuStart } from './gpu.release.js';
import { LABELS, namespaceOf } from './knative.names.js';
import type { KnativeRevision } from './knative.types.js';
import type { ObjectWriter } from './object.writer.js';
import { revisionSecrets, type Opened } from './revision.secrets.js';
import type { ManifestSettings } from './service.manifest.js';
import { repositoryOf, type PublishedImages } from '../../images/published.images.js';
import { isPinned, planService, type Seen } from './service.plan.js';

const MIN_SCALE = 'autoscaling.knative.dev/min-scale';

/** Told of every object of ours that somebody else changed or deleted. */
export type OnDrift = (kind: string, name: string, difference: string) => void;

/** What was made of one service. */
interface Made {
  /** Revisions whose built image was published: revisions never change. */
  published: Set<Id<'rev'>>;
  /** For which Knative Revision, by its uid, the Secrets of a revision were written, and their names. */
  secretsOf: Map<Id<'rev'>, { uid: string | undefined; names: Set<string> }>;
  /** What was last asked for. */
  wish?: Wish;
}

/** Writes one service's objects: each with its own field manager, and only when something differs. */
export class ServiceApplier {
  private readonly made = new Map<Id<'svc'>, Made>();

  constructor(
    private readonly client: KubeClient,
    private readonly writer: ObjectWriter,
    private readonly settings: ManifestSettings,
    private readonly images: PublishedImages,
    private readonly onDrift: OnDrift,
    private readonly logger: Logger,
  ) {}

  /** One step nearer to the target: whatever of it is still to be made. @throws ContestedError */
  async make(target: Target, opened: Opened, seen: Seen): Promise<void> {
    const made = this.madeOf(target);
    for (const revision of target.revisions) {
      await this.image(target, revision, made);
      await this.secrets(target, revision, opened, seen, made);
    }
    const plan = planService(target, seen, this.settings);
    if (plan !== undefined) await this.service(target.service.id, plan.manifest, seen, made);
  }

  /** Of the revisions that are still asked for. */
  private madeOf({ service, revisions }: Target): Made {
    const made: Made = this.made.get(service.id) ?? { published: new Set(), secretsOf: new Map() };
    this.made.set(service.id, made);
    const wanted = new Set(revisions.map(({ id }) => id));
    for (const done of [made.published, made.secretsOf])
      for (const id of done.keys()) if (!wanted.has(id)) done.delete(id);
    return made;
  }

  /** Scales what is there, and takes away what nothing names: this makes nothing, so it waits for nothing. */
  async tend(target: Target, seen: Seen): Promise<void> {
    const plan = planService(target, seen, this.settings);
    // what is routed stands in the Service
    if (seen.service !== undefined)
      for (const name of plan?.remove ?? [])
        await this.client.delete(KINDS.revision, namespaceOf(target.projectId), name);
    await withEach(target.revisions, (revision) => this.minScale(target, revision, seen));
  }

  /** Writes a Secret of a revision again with the next look: somebody else took it away. */
  secretGone(serviceId: Id<'svc'>, name: string): void {
    const { secretsOf = new Map<Id<'rev'>, { names: Set<string> }>() } = this.made.get(serviceId) ?? {};
    for (const [id, { names }] of secretsOf) {
      if (!names.has(name)) continue;
      secretsOf.delete(id);
      this.onDrift('Secret', name, 'absent');
    }
  }

  /** Takes its GPUs from a Revision that failed at its start for good. */
  async endGpuStart(revision: TargetRevision, { service, revisions }: Seen, start: GpuStart): Promise<void> {
    const there = revisions.find(({ metadata }) => metadata.name === revision.name);
    const hasServed = start.hasServed || isPinned(service, revision.name);
    const note = gpuNote(revision, there, { ...start, hasServed });
    if (there !== undefined && note !== undefined) await this.annotate(there, note, 'towpath-gpus');
  }

  /** Takes the service and its secrets away; they are gone when the cluster shows no pod of it any more. */
  async remove(
    serviceId: Id<'svc'>,
    service: KubeObject | undefined,
    namespace: string | undefined,
  ): Promise<void> {
    this.made.delete(serviceId);
    if (service !== undefined) {
      await this.client.delete(
        KINDS.knativeService,
        service.metadata.namespace,
        service.metadata.name,
        'Foreground',
      );
    }
    if (namespace === undefined) return;
    const labels = `${LABELS.service}=${kubernetesName(serviceId)}`;
    const { items } = await this.client.list(KINDS.secret, { namespace, labels });
    for (const { metadata } of items) await this.client.delete(KINDS.secret, namespace, metadata.name);
  }

  private async image(
    { organizationId, projectId }: Target,
    { id, image, imageDigest }: TargetRevision,
    { published }: Made,
  ): Promise<void> {
    if (image !== undefined) return;
    if (published.has(id)) return;
    await this.images.publish(imageDigest, repositoryOf(organizationId, projectId));
    published.add(id);
  }

  /**
   * The Secrets of a revision, once for each Knative Revision of it until one is gone: a cluster that was given older data has
   * none of them, and may have made the Revision again before this agent saw that it was gone.
   */
  private async secrets(
    target: Target,
    revision: TargetRevision,
    opened: Opened,
    { revisions }: Seen,
    { secretsOf }: Made,
  ): Promise<void> {
    const uid = revisions.find(({ metadata }) => metadata.name === revision.name)?.metadata.uid;
    if (uid !== undefined && secretsOf.get(revision.id)?.uid === uid) return;
    const secrets = await revisionSecrets(target, revision, opened);
    // one that goes while they are written is written again
    const written = { uid: undefined, names: new Set(secrets.map(({ metadata }) => metadata.name)) };
    secretsOf.set(revision.id, written);
    for (const secret of secrets) await this.writer.write(KINDS.secret, secret, 'towpath-secret');
    if (secretsOf.get(revision.id) === written) secretsOf.set(revision.id, { ...written, uid });
  }

  private async service(id: Id<'svc'>, manifest: KubeObject, seen: Seen, made: Made): Promise<void> {
    const difference = seen.service === undefined ? 'absent' : firstDifference(manifest, seen.service);
    const wish: Wish = { manifest, seen: seen.service?.metadata.resourceVersion };
    const { metadata } = await this.writer.write(
      ...([KINDS.knativeService, manifest, 'towpath-serving', seen.service] as const),
    );
    const before = made.wish;
    made.wish = wish;
    if (difference === undefined) return;
    if (isDrift(before, wish)) this.onDrift('Service', id, difference);
    this.logger.info({ serviceId: id, difference }, 'a service was applied');
    made.wish = { ...wish, applied: metadata.resourceVersion };
  }

  /**
   * The autoscaler takes it from the revision's own annotation (Knative copies it to the PodAutoscaler), so a change
   * makes no new revision, and a tagged revision without traffic runs nothing.
   */
  private async minScale(target: Target, revision: TargetRevision, seen: Seen): Promise<void> {
    const there = seen.revisions.find(({ metadata }) => metadata.name === revision.name);
    const wanted = String(target.suspended === true ? 0 : revision.minInstances);
    if (there === undefined || (there.metadata.annotations?.[MIN_SCALE] ?? '0') === wanted) return;
    await this.annotate(there, { [MIN_SCALE]: wanted }, 'towpath-scaling');
  }

  private async annotate(
    there: KnativeRevision,
    annotations: Record<string, string>,
    manager: FieldManager,
  ): Promise<void> {
    const { namespace, name } = there.metadata;
    const { apiVersion, kind } = KINDS.revision;
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }), annotations };
    await this.writer.write(KINDS.revision, { apiVersion, kind, metadata }, manager, there);
  }
}
