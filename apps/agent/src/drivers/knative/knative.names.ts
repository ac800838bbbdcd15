import { kubernetesName, type Id } from '#libs/domain';

/** Labels by which Towpath knows its own objects; ids as Kubernetes names. Nothing without `owner` is ever touched. */
export const LABELS = {
  owner: 'towpath.dev/cluster',
  organization: 'towpath.dev/organization',
  project: 'towpath.dev/project',
  service: 'towpath.dev/service',
  revision: 'towpath.dev/revision',
  /** Of instances that hold GPUs. */
  gpuClass: 'towpath.dev/gpu-class',
} as const;

/** Knative's label on what it makes for a Knative Service: its name. */
export const KNATIVE_SERVICE = 'serving.knative.dev/service';

/** Annotation: hash of what was applied, so that a difference in the cluster is drift and not a new wish. */
export const APPLIED = 'towpath.dev/applied';

/** Where the door and what belongs to it live. */
export const SYSTEM_NAMESPACE = 'towpath-system';

/** One namespace a project, by its id: names may change, ids do not. */
export const namespaceOf = (projectId: Id<'prj'>): string => kubernetesName(projectId);

/** The Secret that holds the opened environment of one revision, of its serving container or of a sidecar. */
export const environmentSecretOf = (revisionId: Id<'rev'>, sidecar?: string): string =>
  ofContainer('env', revisionId, sidecar);

/** The Secret with the files of one revision, or those of a sidecar, by their place in its list. */
export const filesSecretOf = (revisionId: Id<'rev'>, sidecar?: string): string =>
  ofContainer('files', revisionId, sidecar);
export const fileKey = (index: number): string => `file-${index}`;

/** The Secret with what the registry of one revision's image asks for, or that of a sidecar's. */
export const pullSecretOf = (revisionId: Id<'rev'>, sidecar?: string): string =>
  ofContainer('pull', revisionId, sidecar);

const ofContainer = (what: string, revisionId: Id<'rev'>, sidecar?: string): string =>
  [what, kubernetesName(revisionId), ...(sidecar === undefined ? [] : [sidecar])].join('-');

/** The Secret with the registry's credentials, in every namespace of ours. */
export const PULL_SECRET = 'towpath-pull';

/** The id that a label carries. */
export function idOf<P extends 'svc' | 'rev' | 'prj' | 'org'>(
  prefix: P,
  label: string | undefined,
): Id<P> | undefined {
  return label?.startsWith(`${prefix}-`) === true ? `${prefix}_${label.slice(prefix.length + 1)}` : undefined;
}
