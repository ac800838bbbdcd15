import type { Door } from '#libs/domain';
import type { KubeObject } from '#libs/kube';
import { conditionOf, type KnativeCondition } from './knative.types.js';

/** The parts of a Kubernetes Service that say where the door is reached. */
export interface DoorService extends KubeObject {
  spec: { ports: { nodePort?: number; port: number }[] };
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
}

/** The parts of a Kubernetes Node that say whether it leads to the door, and for how long. */
export interface DoorNode extends KubeObject {
  spec?: { unschedulable?: boolean; taints?: { key: string }[] };
  status: { addresses: { type: string; address: string }[]; conditions?: KnativeCondition[] };
}

/** A way to the door. */
export interface DoorAddress {
  door: Door;
  /** Whose address it is; absent: a load balancer's. */
  node?: string;
}

/** Set by Kubernetes' autoscaler on a node that it is about to take away. */
const LEAVES = 'ToBeDeletedByClusterAutoscaler';

/** Whether a node leads to the door and nothing says that it goes soon. */
export function stays(node: DoorNode): boolean {
  const { unschedulable = false, taints = [] } = node.spec ?? {};
  const isLeaving = unschedulable || node.metadata.deletionTimestamp !== undefined;
  return isReady(node) && !isLeaving && taints.every(({ key }) => key !== LEAVES);
}

/**
 * The ways to the door, best first. Where a load balancer has an address there is no other; else every node that is ready
 * leads there by the port that all of them open: those that stay before those that leave, among them what gateways know
 * before what they would have to be told.
 */
export function doorAddresses(
  { spec, status }: DoorService,
  nodes: readonly DoorNode[],
  known?: string,
): DoorAddress[] {
  const [port] = spec.ports;
  const [balancer] = status?.loadBalancer?.ingress ?? [];
  const host = balancer?.ip ?? balancer?.hostname;
  if (port === undefined) return [];
  if (host !== undefined) return [{ door: { host, port: port.port, secure: true } }];
  const { nodePort } = port;
  if (nodePort === undefined) return [];
  const rank = (node: DoorNode): number => 2 * Number(!stays(node)) + Number(node.metadata.name !== known);
  return nodes
    .filter(isReady)
    .toSorted((a, b) => rank(a) - rank(b))
    .flatMap(({ metadata: { name }, status: { addresses } }) => {
      const own = addresses.find(({ type }) => type === 'InternalIP');
      return own === undefined
        ? []
        : [{ door: { host: own.address, port: nodePort, secure: true }, node: name }];
    });
}

function isReady({ status: { conditions } }: DoorNode): boolean {
  return conditionOf(conditions, 'Ready')?.status === 'True';
}
