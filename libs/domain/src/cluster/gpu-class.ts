import type { Violation } from '../error.js';
import type { Id } from '../id.js';
import { violationOf } from '../name.js';
import type { Cluster, GpuSupply } from './cluster.types.js';

/** A kind of GPU that an operator offers by name, and the nodes that have it. It never changes. */
export interface GpuClass {
  id: Id<'gpc'>;
  name: string;
  /** The extended resource that its nodes offer, counted in whole GPUs. */
  resource: string;
  /** All of them are on each of its nodes, with exactly these values. */
  nodeLabels: Record<string, string>;
  /** What keeps others away from its nodes. */
  tolerations: Toleration[];
  /** Thousandths of a CPU that an instance needs at least. */
  minCpuMillis?: number;
  minMemoryMiB?: number;
  /** GPUs that an instance may hold at most: what its largest node has. Absent: as many as any may. */
  maxGpus?: number;
  createdAt: number;
}

/** How the nodes of a class are found, and what they offer: all that a cluster needs to know of it. */
export type GpuNodes = Pick<GpuClass, 'resource' | 'nodeLabels' | 'tolerations'>;

/** A class as clusters are told of it, to count what their nodes have of it. */
export type OfferedGpus = GpuNodes & Pick<GpuClass, 'name'>;

/** As in a pod: of which taint, and of which effect of it; absent: any. */
export interface Toleration {
  key?: string;
  operator: 'Exists' | 'Equal';
  value?: string;
  effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

/** Cloud Run's name of a GPU class, which Kubernetes itself has none for. */
export const ACCELERATOR = 'run.googleapis.com/accelerator';

/** The label by which clusters count their GPUs. */
const PRODUCT = 'nvidia.com/gpu.product';

type Looked = Pick<Cluster, 'found'>;

/** Whether a cluster is known to have no node of the class. */
export function lacksGpus(cluster: Looked, gpuClass: OfferedGpus): boolean {
  return isThere(cluster, gpuClass) === false;
}

/** Whether a cluster is known to have nodes of the class, and none to have too few GPUs for an instance. */
export function hasGpus(cluster: Looked, gpuClass: OfferedGpus, gpus = 1): boolean {
  const { perNode = gpus } = supplyOf(cluster.found?.supply, gpuClass.name) ?? {};
  return isThere(cluster, gpuClass) === true && gpus <= perNode;
}

/**
 * Where nodes are not counted by class (an agent of a release before) they are by the product that they name, and only
 * NVIDIA's: of others, and before a look, nothing is known (undefined).
 */
function isThere({ found }: Looked, { name, resource, nodeLabels }: OfferedGpus): boolean | undefined {
  const counted = supplyOf(found?.supply, name);
  if (counted !== undefined) return counted.nodes > 0;
  const looked = found?.conditions.some(({ type, status }) => type === 'Gpus' && status === 'true');
  if (!looked || resource !== GPU_RESOURCE) return undefined;
  const product = nodeLabels[PRODUCT];
  return found?.gpus.some((pool) => product === undefined || pool.product === product);
}

/** What was counted of a class; undefined: it is not known. */
export function supplyOf(
  supplies: readonly GpuSupply[] | undefined,
  gpuClass: string,
): GpuSupply | undefined {
  return supplies?.find((one) => one.gpuClass === gpuClass);
}

/** What a node offers its GPUs as where an operator says nothing. */
export const GPU_RESOURCE = 'nvidia.com/gpu';

/** The capability of an agent whose cluster can hand GPUs to instances. */
export const GPUS = 'gpus';

export const GPU_LIMITS = { nameCharacters: 63, nodeLabels: 20, tolerations: 10 } as const;

const PART = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const DOMAIN = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Why a text cannot be an extended resource: those have a domain, and Kubernetes' own is no GPU's. */
export function resourceProblem(text: string): string | undefined {
  if (keyProblem(text) !== undefined || !text.includes('/')) return 'must be like nvidia.com/gpu';
  return /(^|\.)kubernetes\.io\//.test(text) ? "must not be one of Kubernetes' own" : undefined;
}

/** Why a text cannot be the key of a label or taint. */
export function keyProblem(text: string): string | undefined {
  const [name = '', domain, ...more] = text.split('/').reverse();
  const isKey = more.length === 0 && PART.test(name) && (domain === undefined || DOMAIN.test(domain));
  return isKey ? undefined : 'must be a key as Kubernetes takes it, like nvidia.com/gpu.product';
}

/** Why a text cannot be the value of a label. */
export function labelValueProblem(text: string): string | undefined {
  return text === '' || PART.test(text)
    ? undefined
    : 'must be at most 63 letters, digits, and _ . - between them';
}

/** All reasons why nodes and taints cannot be found by these; empty when they can. */
export function validateGpuClass(
  nodeLabels: readonly { name: string; value: string }[],
  tolerations: readonly Toleration[],
): Violation[] {
  const names = nodeLabels.map(({ name }) => name);
  return [
    ...violationOf('nodeLabels', names.length === 0 ? 'must name one at least' : undefined),
    ...nodeLabels.flatMap(({ name }, index) =>
      violationOf(`nodeLabels[${index}].name`, names.indexOf(name) < index ? 'is given twice' : undefined),
    ),
    ...tolerations.flatMap((toleration, index) => validateToleration(toleration, `tolerations[${index}]`)),
  ];
}

function validateToleration({ key, operator, value }: Toleration, at: string): Violation[] {
  const isExists = operator === 'Exists';
  return [
    ...violationOf(`${at}.key`, key === undefined && !isExists ? 'must be there with Equal' : undefined),
    ...violationOf(`${at}.value`, isExists && value !== undefined ? 'is for Equal only' : undefined),
  ];
}
