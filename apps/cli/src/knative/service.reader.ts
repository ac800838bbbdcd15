import { ACCELERATOR, ROLLOUT, ROLLOUTS, parseImageReference } from '#libs/domain';
import type { Rollout, SecretReference, TrafficTarget, Violation } from '#libs/domain';
import type { ServiceBody, TemplateBody } from '../flags/template.flags.js';
import { readContainer, readVolumes } from './container.reader.js';
import { Fields, present } from './fields.js';
import { readSidecar } from './sidecar.reader.js';

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
  const { minInstances, ...scaled } = readTemplateMetadata(template.part('metadata'), metadata.name);
  const body = readPod(template.part('spec'));
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

function readTemplateMetadata(of: Fields, service: string): Scaling {
  const name = of.text('name');
  if (name !== undefined && !name.startsWith(`${service}-`))
    of.problem('name', `must begin with ${service}-`);
  const annotations = of.part('annotations');
  annotations.ignore(...WRITTEN.annotations);
  const bound = (dashed: string, camel: string): number | undefined =>
    annotations.whole(`${SCALING}/${dashed}`) ?? annotations.whole(`${SCALING}/${camel}`);
  const minInstances = bound('min-scale', 'minScale');
  const maxInstances = bound('max-scale', 'maxScale');
  annotations.end();
  of.ignore(...WRITTEN.metadata);
  of.end();
  const revisionSuffix = name?.slice(service.length + 1);
  return present({ minInstances, maxInstances, revisionSuffix });
}

function readPod(of: Fields): TemplateBody {
  const concurrency = of.whole('containerConcurrency');
  const timeoutSeconds = of.whole('timeoutSeconds');
  of.only('enableServiceLinks', false);
  of.only('automountServiceAccountToken', false);
  const pulls = of.list('imagePullSecrets');
  const pullSecret = readPullSecret(pulls);
  const { serving, beside } = readContainers(of);
  const nodes = of.part('nodeSelector');
  const gpuClass = nodes.text(ACCELERATOR);
  nodes.end();
  const read = serving && readContainer(serving, gpuClass !== undefined);
  const mounted = readVolumes(of.list('volumes'), read?.mounts ?? []);
  const shared = new Set(mounted.volumes.map(({ name }) => name));
  const sidecars = beside.map((sidecar) => readSidecar(sidecar, shared));
  refuseRegistries(pulls, [read?.part.image, ...sidecars.map(({ image }) => image)]);
  of.end();
  const resources = { ...read?.part.resources, ...present({ gpuClass }) };
  return {
    ...{ source: null, ...read?.part, ...mounted, pullSecret, resources },
    ...(sidecars.length === 0 ? {} : { sidecars }),
    ...present({ concurrency: concurrency === 0 ? UNBOUNDED : concurrency, timeoutSeconds }),
  };
}

/** Knative's rule: of several, the one with a port serves. */
function readContainers(of: Fields): { serving: Fields | undefined; beside: Fields[] } {
  const all = of.list('containers');
  if (all.length === 0) of.problem('containers', 'is missing');
  if (all.length < 2) return { serving: all[0], beside: [] };
  const withPort = all.filter((container) => container.has('ports'));
  const [serving] = withPort;
  if (withPort.length !== 1)
    of.problem('containers', `must have a port in exactly one, which serves; ${withPort.length} have`);
  return { serving, beside: all.filter((container) => !withPort.includes(container)) };
}

/** Credentials go to no registry that they were not given for, and a manifest does not say for which. */
function refuseRegistries(pulls: readonly Fields[], images: readonly (string | null | undefined)[]): void {
  const registries = new Set(images.map((image) => parseImageReference(image ?? '')?.registry));
  if (registries.size > 1)
    pulls[0]?.problem(undefined, 'may be for one registry only, and the images are of several');
}

function readPullSecret([first, ...others]: Fields[]): SecretReference | null {
  for (const other of others) other.problem(undefined, 'is not supported: one is taken');
  const name = first?.text('name');
  first?.end();
  return name === undefined ? null : { name, version: 'latest' };
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
