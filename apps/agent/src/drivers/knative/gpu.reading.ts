import type { OfferedGpus } from '#libs/domain';
import type { Keep } from '#libs/kube';
import { hostsOf, type Container, type GpuHolder, type GpuHost } from './gpu.supply.js';

/** Which pods hold something of a node: Kubernetes itself picks them out. */
export const HOLDERS = 'spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed';

/** A selector of the nodes of these classes, by the labels that each of them names; of others as well where they name none in common. */
export function hostSelector(classes: readonly OfferedGpus[]): string {
  const [{ nodeLabels } = { nodeLabels: {} }] = classes;
  return Object.keys(nodeLabels)
    .filter((label) => classes.every((one) => label in one.nodeLabels))
    .map((label) => `${label} in (${[...new Set(classes.map((one) => one.nodeLabels[label]))].join(',')})`)
    .join(',');
}

/** Of a node with GPUs of these classes what they are counted by: nodes say a lot more, each image that they have. */
export const hostPart =
  (classes: readonly OfferedGpus[]): Keep<GpuHost> =>
  (node) => {
    if (!classes.some((one) => hostsOf(one, [node]).length > 0)) return undefined;
    const { apiVersion, kind, metadata, spec = {}, status } = node;
    const { name, labels = {} } = metadata;
    const { capacity = {}, allocatable = {}, conditions = [] } = status ?? {};
    const { unschedulable = false, taints = [] } = spec;
    return {
      ...{ apiVersion, kind, metadata: { name, labels } },
      ...{ spec: { unschedulable, taints }, status: { capacity, allocatable, conditions } },
    };
  };

/** Of a pod that holds devices, whichever, its node and what it holds: of all pods of a cluster a few do. */
export const holderPart: Keep<GpuHolder> = ({ apiVersion, kind, metadata, spec = {} }) => {
  const { nodeName = '', containers = [], initContainers = [] } = spec;
  if (![...containers, ...initContainers].some(hasDevices)) return undefined;
  const { name, namespace = '', resourceVersion = '' } = metadata;
  return {
    ...{ apiVersion, kind, metadata: { name, namespace, resourceVersion } },
    spec: { nodeName, containers: containers.map(part), initContainers: initContainers.map(part) },
  };
};

/** Only extended resources have a domain. */
const hasDevices = ({ resources }: Container): boolean =>
  Object.keys(resources?.requests ?? {}).some((name) => name.includes('/'));

const part = ({ resources, restartPolicy }: Container): Container => ({
  ...(resources?.requests === undefined ? {} : { resources: { requests: resources.requests } }),
  ...(restartPolicy === undefined ? {} : { restartPolicy }),
});
