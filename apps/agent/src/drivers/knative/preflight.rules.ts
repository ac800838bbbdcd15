import type { Condition, GpuPool, RuntimeTier } from '#libs/domain';
import type { KubeObject } from '#libs/kube';

/** What was seen of a cluster before anything is put there. */
export interface Survey {
  /** Kubernetes' version as its API server says it. */
  kubernetes: string;
  /** By how much its clock is at least ahead of the agent's, ms; negative: behind. */
  skewMs: number;
  /** Absent: Knative Serving is not there, and nothing of what follows was looked at. */
  knative?: {
    /** Absent where its objects carry none. */
    version?: string;
    /** `<map>: <key> = <value>` of each setting that is not as Towpath needs it and that the agent may not write, and who holds it. */
    unset: string[];
    /** Absent: it may not be read. */
    ingressClass?: string;
    /** Whether Knative is to encrypt what goes from its ingress to instances, and has a certificate for it; absent as above. */
    internalTls?: { isEnabled: boolean; hasCertificate: boolean };
    /** Its `mesh-compatibility-mode`; absent as above. */
    meshMode?: string;
  };
  /** Of the RuntimeClasses that instances of a tier are to run under: whether each is there. */
  runtimeClasses: { tier: RuntimeTier; name: string; isThere: boolean }[];
  /** Names, the default one first; absent: they may not be read. */
  storageClasses?: string[];
  /** Absent: the nodes may not be listed. */
  gpus?: GpuPool[];
}

/** One condition of a cluster. */
export type Finding = Omit<Condition, 'changedAt'>;

/** The oldest that were tried, or that Knative 1.21 says it needs. */
const OLDEST = { kubernetes: [1, 33], knative: [1, 21] } as const;
const KOURIER = 'kourier.ingress.networking.knative.dev';
/** What Knative's ingress and activator show each other, once it is issued. */
export const ROUTING_CERTIFICATE = 'routing-serving-certs';
/** What the clocks of one cluster may differ by. */
const SKEW_MS = 1_000;

/** The conditions of a cluster, each with its cause and next step. */
export function findingsOf(survey: Survey): Finding[] {
  return [
    kubernetes(survey),
    knative(survey),
    settings(survey),
    ingress(survey),
    internalTls(survey),
    addressing(survey),
    sandbox(survey),
    storage(survey),
    gpus(survey),
    clock(survey),
  ];
}

/** What is known of a cluster that could not be looked at. @param status what its API server answered, if anything */
export function unreached(status: number | undefined): Finding {
  const why = status === undefined ? 'does not answer' : `answered ${status}`;
  return {
    ...{ type: 'Kubernetes', status: 'unknown', reason: 'NotReachable' },
    message: `The cluster could not be looked at: its API server ${why}.`,
    nextStep:
      "Look whether the agent reaches the cluster's API server, and may read it; the agent goes on by itself.",
  };
}

/** Whether revisions can run there at all. */
export function isFit({ knative: found, runtimeClasses }: Survey): boolean {
  if (runtimeClasses.some(({ tier, isThere }) => tier === 'standard' && !isThere)) return false;
  return found !== undefined && [undefined, KOURIER].includes(found.ingressClass);
}

/** GPUs that instances may use, by what the nodes say they are. */
export function gpusOf(nodes: readonly GpuNode[]): GpuPool[] {
  const pools = new Map<string | undefined, GpuPool>();
  for (const { metadata, status } of nodes) {
    const count = Number(status?.allocatable?.['nvidia.com/gpu'] ?? 0);
    if (!Number.isInteger(count) || count <= 0) continue;
    const product = metadata.labels?.['nvidia.com/gpu.product'];
    const pool = pools.get(product) ?? { ...(product === undefined ? {} : { product }), nodes: 0, count: 0 };
    pools.set(product, { ...pool, nodes: pool.nodes + 1, count: pool.count + count });
  }
  return [...pools.values()].sort((a, b) => ((a.product ?? '') < (b.product ?? '') ? -1 : 1));
}

export interface GpuNode extends KubeObject {
  status?: { allocatable?: Record<string, string> };
}

/** Of a node what `gpusOf` reads; undefined: it has none. */
export const gpuPart = (node: GpuNode): GpuNode | undefined => {
  if (gpusOf([node]).length === 0) return undefined;
  const { apiVersion, kind, metadata, status = {} } = node;
  const { name, labels = {} } = metadata;
  const { allocatable = {} } = status;
  return { apiVersion, kind, metadata: { name, labels }, status: { allocatable } };
};

/** What is certain of two clocks when one says only whole seconds, and answers between two looks at the other. */
export function skewOf(saidAt: number, askedAt: number, answeredAt: number): number {
  if (saidAt > answeredAt) return saidAt - answeredAt;
  return Math.min(0, saidAt + 999 - askedAt);
}

const good = (type: string, reason: string, message: string): Finding => ({
  ...{ type, status: 'true', reason, message },
});
const bad = (type: string, reason: string, message: string, nextStep: string): Finding => ({
  ...{ type, status: 'false', reason, message, nextStep },
});
const open = (type: string, reason: string, message: string): Finding => ({
  ...{ type, status: 'unknown', reason, message },
});
const unseen = (type: string): Finding => open(type, 'NoKnative', 'Looked at when Knative Serving is there.');

function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, first, second] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (first === undefined || second === undefined) return false;
  return Number(first) < major || (Number(first) === major && Number(second) < minor);
}

function kubernetes({ kubernetes: version }: Survey): Finding {
  const oldest = OLDEST.kubernetes.join('.');
  return isOlder(version, OLDEST.kubernetes)
    ? bad(
        'Kubernetes',
        'TooOld',
        `It is ${version}; Towpath is tried from ${oldest} on.`,
        `Upgrade to ${oldest} or later.`,
      )
    : good('Kubernetes', 'Known', `It is ${version}.`);
}

function knative({ knative: found }: Survey): Finding {
  const oldest = OLDEST.knative.join('.');
  if (found === undefined)
    return bad(
      'Knative',
      'NotInstalled',
      'Knative Serving is not there.',
      `Install Knative Serving ${oldest} or later with Kourier; the agent goes on by itself.`,
    );
  const { version } = found;
  if (version === undefined) return good('Knative', 'VersionUnknown', 'Its objects carry no version.');
  return isOlder(version, OLDEST.knative)
    ? bad(
        'Knative',
        'TooOld',
        `It is ${version}; Towpath is tried from ${oldest} on.`,
        `Upgrade to ${oldest} or later.`,
      )
    : good('Knative', 'Known', `It is ${version}.`);
}

function settings({ knative: found }: Survey): Finding {
  if (found === undefined) return unseen('Settings');
  return found.unset.length === 0
    ? good('Settings', 'Set', "Knative's settings are as Towpath needs them.")
    : bad(
        'Settings',
        'NotSet',
        `The agent may not set, in knative-serving: ${found.unset.join('; ')}.`,
        'Set them, or give the agent the rights of deploy/agent/rights.yaml and let nobody else hold them.',
      );
}

function ingress({ knative: found }: Survey): Finding {
  if (found === undefined) return unseen('Ingress');
  const { ingressClass } = found;
  if (ingressClass === undefined)
    return open('Ingress', 'NotReadable', 'The agent may not read config-network in knative-serving.');
  return ingressClass === KOURIER
    ? good('Ingress', 'Kourier', 'Knative routes by Kourier.')
    : bad(
        'Ingress',
        'NotKourier',
        `Knative routes by ${ingressClass}; the door stands in front of Kourier only.`,
        `Install net-kourier and set ingress-class of config-network to ${KOURIER}.`,
      );
}

function internalTls({ knative: found }: Survey): Finding {
  const type = 'InternalTls';
  if (found === undefined) return unseen(type);
  const { internalTls: seen } = found;
  if (seen === undefined)
    return open(type, 'NotReadable', 'The agent may not read config-network in knative-serving.');
  if (!seen.isEnabled)
    return good(
      type,
      'Plain',
      'What goes between ingress, activator and instances is not encrypted; system-internal-tls of config-network would do it.',
    );
  return seen.hasCertificate
    ? good(type, 'Encrypted', 'Knative encrypts what goes between ingress, activator and instances.')
    : bad(
        type,
        'NoCertificate',
        `system-internal-tls of config-network is on, but the Secret ${ROUTING_CERTIFICATE} in knative-serving holds no certificate.`,
        "Install cert-manager with the ClusterIssuer that config-certmanager names, then restart Knative's controllers and its activator.",
      );
}

/**
 * By `auto` the activator asks an instance and then the revision's ClusterIP, and takes the revision for one behind a mesh, until
 * it is restarted itself, when the instance got ready between the two. It then asks for ever over one connection, which
 * ends 30 s after the instance at its other end began to: until then no cold start is seen to be ready (measured).
 */
function addressing({ knative: found }: Survey): Finding {
  const type = 'Addressing';
  if (found === undefined) return unseen(type);
  const { meshMode } = found;
  if (meshMode === undefined)
    return open(type, 'NotReadable', 'The agent may not read config-network in knative-serving.');
  return meshMode === 'disabled'
    ? good(type, 'Direct', 'Knative reaches instances by their own addresses.')
    : bad(
        type,
        'NotDirect',
        `mesh-compatibility-mode of config-network is ${meshMode}: cold starts of a revision that Knative takes to be behind a mesh last up to 30 s.`,
        "Set it to disabled, then restart Knative's activator and autoscaler.",
      );
}

function sandbox({ runtimeClasses }: Survey): Finding {
  if (runtimeClasses.length === 0)
    return good('Sandbox', 'Standard', "Instances run under the cluster's own runtime.");
  const missing = runtimeClasses.find(({ isThere }) => !isThere);
  if (missing !== undefined)
    return bad(
      'Sandbox',
      'NoRuntimeClass',
      `${missing.tier} instances are to run under the RuntimeClass ${missing.name}, which is not there; until then ${WITHOUT[missing.tier]}.`,
      `Make it, or name another one by ${CLASS_NAMES[missing.tier]}.`,
    );
  const told = runtimeClasses.map(({ tier, name }) => `${tier} ones under the RuntimeClass ${name}`);
  return good('Sandbox', 'Sandboxed', `Instances run by tier: ${told.join(', ')}.`);
}

const WITHOUT: Record<RuntimeTier, string> = {
  standard: 'nothing runs',
  sandboxed: 'the cluster takes no service of that tier',
};

const CLASS_NAMES: Record<RuntimeTier, string> = {
  standard: 'TOWPATH_RUNTIME_CLASS',
  sandboxed: 'TOWPATH_SANDBOX_RUNTIME_CLASS',
};

function storage({ storageClasses }: Survey): Finding {
  if (storageClasses === undefined)
    return open('Storage', 'NotReadable', 'The agent may not list storage classes.');
  return storageClasses.length === 0
    ? good('Storage', 'None', 'It has no storage class; instances keep nothing, so none is needed.')
    : good('Storage', 'Known', `Its storage classes: ${storageClasses.join(', ')}.`);
}

function gpus({ gpus: pools }: Survey): Finding {
  if (pools === undefined) return open('Gpus', 'NotReadable', 'The agent may not list nodes.');
  const told = pools.map(
    ({ product = 'without a label nvidia.com/gpu.product', count, nodes }) =>
      `${count} ${product} on ${nodes} node${nodes === 1 ? '' : 's'}`,
  );
  return told.length === 0
    ? good('Gpus', 'None', 'No node offers nvidia.com/gpu.')
    : good('Gpus', 'Counted', `Its nodes offer ${told.join(', ')}.`);
}

function clock({ skewMs }: Survey): Finding {
  const seconds = (Math.abs(skewMs) / 1000).toFixed(1);
  return Math.abs(skewMs) < SKEW_MS
    ? good('Clock', 'Same', "Its clock and the agent's agree to the second.")
    : bad(
        'Clock',
        skewMs > 0 ? 'Ahead' : 'Behind',
        `Its clock is at least ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} the agent's.`,
        'Set the clocks of both by NTP: how long instances run is read from them.',
      );
}
