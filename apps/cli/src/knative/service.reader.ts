import { ACCELERATOR, PULL_SECRETS, ROLLOUT, ROLLOUTS, SERVING_CONTAINER } from '#libs/domain';
import type { Rollout, TrafficTarget, Violation } from '#libs/domain';
import type { ServiceBody, TemplateBody } from '../flags/template.flags.js';
import type { SidecarBody } from '../flags/sidecar.flags.js';
import { readContainer } from './container.reader.js';
import { Fields, present } from './fields.js';
import { readPullSecrets, type PullAnnotation, type PullSecrets } from './pull-secret.reader.js';
import { readSidecar } from './sidecar.reader.js';
import { readMounts, readVolumes, type Mount } from './volume.reader.js';

/** A service as a Knative manifest asks for it: everything that a template has is said, null where it says nothing. */
export interface WantedService extends Pick<ServiceBody, 'access' | 'minInstances' | 'rollout'> {
  name: string;
  /** Absent: whichever project is chosen. */
  namespace?: string;
  template: TemplateBody;
  /** Absent: the split stays. */
  traffic?: TrafficTarget[];
}

/** Most requests at a time, which is what Knative's 0 means here. */
const UNBOUNDED = 1000;
const SCALING = 'autoscaling.knative.dev';
const VISIBILITY = 'networking.knative.dev/visibility';
/** What a cluster or kubectl writes by itself, so that an object read from a cluster can be applied. */
const WRITTEN = {
  object: ['status'],
  metadata: [
    ...['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields', 'selfLink'],
    ...['ownerReferences', 'finalizers'],
  ],
  annotations: [
    ...['serving.knative.dev/creator', 'serving.knative.dev/lastModifier'],
    ...['kubectl.kubernetes.io/last-applied-configuration', 'client.knative.dev/updateTimestamp'],
  ],
};

/**
 * Reads one document as a Service of serving.knative.dev/v1. What it says and Towpath does not have is named field by
 * field in `problems`; the result is of use only when there are none.
 */
export function readKnativeService(document: unknown, at: string, problems: Violation[]): WantedService {
  const of = new Fields(document, at, problems);
  const [apiVersion, kind] = [of.text('apiVersion'), of.text('kind')];
  if (apiVersion !== 'serving.knative.dev/v1' || kind !== 'Service') {
    of.problem(
      'kind',
      `is ${apiVersion ?? '?'} ${kind ?? '?'}: only Service of serving.knative.dev/v1 is taken`,
    );
    return { name: '', template: {} };
  }
  of.ignore(...WRITTEN.object);
  const metadata = readMetadata(of.part('metadata'));
  const spec = of.part('spec');
  const template = spec.part('template');
  const { scaling, pullAnnotation } = readTemplateMetadata(template.part('metadata'), metadata.name);
  const { minInstances, ...scaled } = scaling;
  const body = readPod(template.part('spec'), pullAnnotation);
  template.end();
  const traffic = spec.list('traffic').map(readLine);
  spec.end();
  of.end();
  return {
    ...metadata,
    ...present({ minInstances, traffic: traffic.length === 0 ? undefined : traffic }),
    template: { ...body, ...scaled },
  };
}

function readMetadata(of: Fields): Pick<WantedService, 'name' | 'namespace' | 'access' | 'rollout'> {
  const name = of.text('name');
  if (name === undefined) of.problem('name', 'is missing');
  const namespace = of.text('namespace');
  const labels = of.part('labels');
  const visibility = labels.text(VISIBILITY);
  if (visibility !== undefined && visibility !== 'cluster-local')
    labels.problem(VISIBILITY, 'must be cluster-local: only callers with the right to invoke');
  labels.end();
  const rollout = readAnnotations(of);
  of.ignore(...WRITTEN.metadata);
  of.end();
  const access = visibility === undefined ? undefined : ('private' as const);
  return { name: name ?? '', ...present({ namespace, access, rollout }) };
}

/** The one of ours, among what a cluster or kubectl has written. */
function readAnnotations(of: Fields): Rollout | undefined {
  const annotations = of.part('annotations');
  const told = annotations.text(ROLLOUT);
  const rollout = ROLLOUTS.find((one) => one === told);
  if (told !== undefined && rollout === undefined)
    annotations.problem(ROLLOUT, `must be one of ${ROLLOUTS.join(', ')}`);
  annotations.ignore(...WRITTEN.annotations);
  annotations.end();
  return rollout;
}

type Scaling = Pick<TemplateBody, 'maxInstances' | 'revisionSuffix'> & Pick<WantedService, 'minInstances'>;

function readTemplateMetadata(
  of: Fields,
  service: string,
): { scaling: Scaling; pullAnnotation: PullAnnotation } {
  const name = of.text('name');
  if (name !== undefined && !name.startsWith(`${service}-`))
    of.problem('name', `must begin with ${service}-`);
  const annotations = of.part('annotations');
  annotations.ignore(...WRITTEN.annotations);
  const bound = (dashed: string, camel: string): number | undefined =>
    annotations.whole(`${SCALING}/${dashed}`) ?? annotations.whole(`${SCALING}/${camel}`);
  const minInstances = bound('min-scale', 'minScale');
  const maxInstances = bound('max-scale', 'maxScale');
  const pullAnnotation = { text: annotations.text(PULL_SECRETS), subject: annotations };
  annotations.end();
  of.ignore(...WRITTEN.metadata);
  of.end();
  const revisionSuffix = name?.slice(service.length + 1);
  return { scaling: present({ minInstances, maxInstances, revisionSuffix }), pullAnnotation };
}

function readPod(of: Fields, pullAnnotation: PullAnnotation): TemplateBody {
  const concurrency = of.whole('containerConcurrency');
  const timeoutSeconds = of.whole('timeoutSeconds');
  of.only('enableServiceLinks', false);
  of.only('automountServiceAccountToken', false);
  const gpuClass = readGpuClass(of);
  const { serving, beside } = readContainers(of);
  const mountedBy = readVolumes(
    of.list('volumes'),
    [serving, ...beside].flatMap(({ mounts }) => mounts),
  );
  const read = readContainer(serving.of, gpuClass !== undefined);
  const { files, folders } = mountedBy(serving.mounts);
  const shared = new Set(folders.map(({ volume }) => volume.name));
  const sidecars = beside.map((frame) => readSidecar(frame.of, frame.name, mountedBy(frame.mounts), shared));
  const pulls = readPullSecrets(of, pullAnnotation, [{ name: serving.name, image: read.image }, ...sidecars]);
  of.end();
  const resources = { ...read.resources, ...present({ gpuClass }) };
  return {
    ...{ source: null, ...read, files, volumes: folders.map(({ volume }) => volume), resources },
    pullSecret: pulls.get(serving.name ?? SERVING_CONTAINER) ?? null,
    ...(sidecars.length === 0 ? {} : { sidecars: sidecars.map((sidecar) => withPull(sidecar, pulls)) }),
    ...present({ concurrency: concurrency === 0 ? UNBOUNDED : concurrency, timeoutSeconds }),
  };
}

function withPull(sidecar: SidecarBody, pulls: PullSecrets): SidecarBody {
  return { ...sidecar, ...present({ pullSecret: pulls.get(sidecar.name) }) };
}

function readGpuClass(of: Fields): string | undefined {
  const nodes = of.part('nodeSelector');
  const gpuClass = nodes.text(ACCELERATOR);
  nodes.end();
  return gpuClass;
}

/** What every container says, whatever it is for. */
interface Frame {
  of: Fields;
  name: string | undefined;
  mounts: Mount[];
}

const readFrame = (of: Fields): Frame => ({ of, name: of.text('name'), mounts: readMounts(of) });

/** Knative's rule: of several, the one with a port serves. */
function readContainers(of: Fields): { serving: Frame; beside: Frame[] } {
  const all = of.list('containers').map(readFrame);
  if (all.length === 0) of.problem('containers', 'is missing');
  const [first = readFrame(new Fields({}, of.at('containers'), of.problems))] = all;
  const withPort = all.filter((container) => container.of.has('ports'));
  const [serving = first] = withPort;
  if (all.length > 1 && withPort.length !== 1)
    of.problem('containers', `must have a port in exactly one, which serves; ${withPort.length} have`);
  return { serving, beside: all.filter((container) => container !== serving) };
}

function readLine(of: Fields): TrafficTarget {
  const isLatest = of.take('latestRevision') === true;
  const revision = of.text('revisionName');
  const percent = of.whole('percent') ?? 0;
  const tag = of.text('tag');
  of.ignore('url');
  of.end();
  if (isLatest === (revision !== undefined))
    of.problem(undefined, 'needs exactly one of latestRevision: true and revisionName');
  return { revision: revision ?? 'latest', percent, ...(tag === undefined ? {} : { tag }) };
}
