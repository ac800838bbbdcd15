import type { KubeObject } from '#libs/kube';
import type { Finding } from './preflight.rules.js';

/** The parts of a Kubernetes Service by which it may lead to the cluster's ingress. */
export interface IngressService extends KubeObject {
  spec: {
    selector?: Record<string, string>;
    clusterIPs?: string[];
    externalIPs?: string[];
    ports?: { protocol?: string; port: number; nodePort?: number }[];
  };
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
}

/** The parts of a pod of the ingress. */
export interface IngressPod extends KubeObject {
  spec?: { containers?: { ports?: { protocol?: string; containerPort: number }[] }[] };
  status?: { phase?: string; podIP?: string; hostIP?: string };
}

/** Where somebody could try to reach the ingress around the door. */
export interface IngressWay {
  host: string;
  port: number;
  /** What has that address, for people. */
  what: string;
}

/** What became of trying: answered over HTTP, refused or silent, no way there from here. */
export type Knock = 'answered' | 'closed' | 'away';

/** What was seen of the ways around the door. */
export interface IngressSeen {
  /** Whether Kourier's Services may be listed. */
  isReadable: boolean;
  /** The agent runs on a node of the ingress: whoever does reaches each pod of that node, whatever a policy says. */
  isBeside: boolean;
  tried: { way: IngressWay; knock: Knock }[];
}

/** More are of one kind and one policy. */
const MOST_PODS = 3;
/** Named to people, of those that answered. */
const MOST_NAMED = 5;

/** Those that may serve now. */
export function ingressPods(pods: readonly IngressPod[]): IngressPod[] {
  return pods.filter(({ status }) => status?.podIP !== undefined && status.phase === 'Running');
}

/** Every address of the ingress: its pods', and those of each Service that leads to them. */
export function ingressWays(services: readonly IngressService[], all: readonly IngressPod[]): IngressWay[] {
  const pods = all.slice(0, MOST_PODS);
  return [
    ...pods.flatMap(waysOfPod),
    ...services.filter((service) => leadsTo(service, all)).flatMap((service) => waysOfService(service, pods)),
  ];
}

function waysOfPod({ metadata: { name }, spec, status }: IngressPod): IngressWay[] {
  const ports = (spec?.containers ?? []).flatMap((container) => container.ports ?? []).filter(isTcp);
  return ports.map(({ containerPort: port }) => ({ host: status?.podIP ?? '', port, what: `pod ${name}` }));
}

function waysOfService(
  { metadata, spec, status }: IngressService,
  pods: readonly IngressPod[],
): IngressWay[] {
  const nodes = [...new Set(pods.flatMap(({ status: of }) => of?.hostIP ?? []))];
  const balancers = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []);
  const own = (spec.clusterIPs ?? []).filter((address) => address !== 'None');
  const hosts = [...own, ...(spec.externalIPs ?? []), ...balancers];
  const what = `Service ${metadata.name}`;
  return (spec.ports ?? [])
    .filter(isTcp)
    .flatMap(({ port, nodePort }) => [
      ...hosts.map((host) => ({ host, port, what })),
      ...(nodePort === undefined ? [] : nodes.map((host) => ({ host, port: nodePort, what }))),
    ]);
}

const isTcp = ({ protocol = 'TCP' }: { protocol?: string }): boolean => protocol === 'TCP';

function leadsTo({ spec: { selector = {} } }: IngressService, pods: readonly IngressPod[]): boolean {
  const wanted = Object.entries(selector);
  const isChosen = ({ metadata: { labels = {} } }: IngressPod): boolean =>
    wanted.every(([name, value]) => labels[name] === value);
  return wanted.length > 0 && pods.some(isChosen);
}

/** Whether anybody answered around the door. */
export const isReached = ({ tried }: IngressSeen): boolean => tried.some(({ knock }) => knock === 'answered');

/** The condition of a cluster that says whether its ingress is reached by the door alone. */
export function ingressFinding(seen: IngressSeen): Finding {
  const { tried, isReadable, isBeside } = seen;
  if (isReached(seen)) return reached(seen);
  if (isBeside)
    return open(
      'OnItsNode',
      'The agent runs on a node of the ingress, from which every pod of that node is reached: this says nothing about others.',
    );
  if (!isReadable) return open('NotReadable', 'The agent may not list the Services of kourier-system.');
  const closed = tried.filter(({ knock }) => knock === 'closed').length;
  if (closed === 0)
    return open('NoWay', 'No address of the ingress can be dialled from where the agent runs.');
  return {
    ...{ type: TYPE, status: 'true', reason: 'Closed' },
    message: `From where the agent runs, the ingress is reached by the door alone: of ${closed} other addresses none answered.`,
  };
}

const TYPE = 'IngressClosed';

const open = (reason: string, message: string): Finding => ({
  ...{ type: TYPE, status: 'unknown', reason, message },
});

function reached({ tried }: IngressSeen): Finding {
  const all = tried.filter(({ knock }) => knock === 'answered').map(({ way }) => way);
  const named = all.slice(0, MOST_NAMED).map(({ host, port, what }) => `${host} port ${port} (${what})`);
  const more = all.length > MOST_NAMED ? ` and ${all.length - MOST_NAMED} more` : '';
  return {
    ...{ type: TYPE, status: 'false', reason: 'Reached' },
    message: `The ingress answers around the door, at ${named.join(', ')}${more}: private services are open there, and nothing is metered.`,
    nextStep:
      'Delete the NetworkPolicies of kourier-system that let others in, and see that the network of the cluster enforces policies; the agent goes on by itself.',
  };
}
