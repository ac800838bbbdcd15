import { RUNTIME_TIERS, type Clock, type Id, type RuntimeTier } from '#libs/domain';
import { KINDS, KubeError, type KubeClient, type KubeObject } from '#libs/kube';
import { ContestedError, type Claim } from './contested.js';
import type { ObjectWriter } from './object.writer.js';
import { KNATIVE_NAMESPACE, preflightManifests, type KnativeSettings } from './preflight.manifests.js';
import {
  ROUTING_CERTIFICATE,
  gpuPart,
  gpusOf,
  skewOf,
  type GpuNode,
  type Survey,
} from './preflight.rules.js';

type Settings = KubeObject & Partial<KnativeSettings>;

const VERSION = 'app.kubernetes.io/version';
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
/** What Knative takes where nothing is said. */
const DEFAULT_INGRESS = 'istio.ingress.networking.knative.dev';
const DEFAULT_MESH_MODE = 'auto';

export interface SurveyParts {
  client: KubeClient;
  writer: ObjectWriter;
  clusterId: Id<'cls'>;
  /** What instances are to run under, by tier. */
  runtimeClasses: Partial<Record<RuntimeTier, string>>;
  clock: Clock;
}

/**
 * Looks at a cluster, and sets of Knative's settings what Towpath needs and the agent may.
 * @throws KubeError when the API server is not well, and whatever the connection throws
 */
export async function surveyCluster(parts: SurveyParts): Promise<Survey> {
  const { client, runtimeClasses, clock } = parts;
  const askedAt = clock.now();
  const { value, saidAt } = await client.connection.answer<{ gitVersion: string }>({
    method: 'GET',
    path: '/version',
  });
  const skewMs = saidAt === undefined ? 0 : skewOf(saidAt, askedAt, clock.now());
  const knative = await knativeOf(parts);
  const storageClasses = await storageClassesOf(client);
  const nodes = await allowed(client.list<GpuNode>(KINDS.node, {}, { keep: gpuPart }));
  return {
    kubernetes: value.gitVersion,
    skewMs,
    ...(knative === undefined ? {} : { knative }),
    runtimeClasses: await classesOf(client, runtimeClasses),
    ...(storageClasses === undefined ? {} : { storageClasses }),
    ...(nodes === undefined ? {} : { gpus: gpusOf(nodes.items) }),
  };
}

/** Undefined when its API or its namespace is not there. */
async function knativeOf(parts: SurveyParts): Promise<Survey['knative']> {
  try {
    await parts.client.connection.json({ method: 'GET', path: `/apis/${KINDS.knativeService.apiVersion}` });
    return await settledKnative(parts);
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  }
}

async function settledKnative({ client, writer, clusterId }: SurveyParts): Promise<Survey['knative']> {
  const unset: string[] = [];
  let version: string | undefined;
  for (const wanted of preflightManifests(clusterId)) {
    const settled = await settle(client, writer, wanted);
    version ??= settled.there?.metadata.labels?.[VERSION];
    unset.push(...missing(wanted, settled.there).map((key) => unsetLine(wanted, key, settled)));
  }
  const network = await allowed(client.get<Settings>(KINDS.configMap, KNATIVE_NAMESPACE, 'config-network'));
  return {
    unset,
    ...(version === undefined ? {} : { version }),
    ...(network === undefined ? {} : await networkOf(client, network)),
  };
}

async function networkOf(
  client: KubeClient,
  { data = {} }: Settings,
): Promise<Partial<NonNullable<Survey['knative']>>> {
  const ingressClass = data['ingress-class'] ?? data['ingress.class'] ?? DEFAULT_INGRESS;
  const isEnabled = data['system-internal-tls']?.toLowerCase() === 'enabled';
  return {
    ingressClass,
    meshMode: data['mesh-compatibility-mode']?.toLowerCase() ?? DEFAULT_MESH_MODE,
    internalTls: { isEnabled, hasCertificate: isEnabled && (await hasCertificate(client)) },
  };
}

/** By a list: a right to get Secrets is none of the agent's. */
async function hasCertificate(client: KubeClient): Promise<boolean> {
  const where = { namespace: KNATIVE_NAMESPACE, fields: `metadata.name=${ROUTING_CERTIFICATE}` };
  const found = await allowed(client.list<Settings>(KINDS.secret, where));
  return (found?.items[0]?.data?.['tls.crt'] ?? '') !== '';
}

interface Settled {
  /** Undefined: it may not be seen. */
  there: Settings | undefined;
  /** What of it others hold. */
  claims: readonly Claim[];
}

/** Writes the keys that differ where that is allowed, and where nobody else holds them. */
async function settle(client: KubeClient, writer: ObjectWriter, wanted: KnativeSettings): Promise<Settled> {
  const { namespace, name } = wanted.metadata;
  const there = await allowed(client.get<Settings>(KINDS.configMap, namespace, name));
  try {
    const write = writer.write(KINDS.configMap, wanted, 'towpath-settings', there, true);
    return { there: (await allowed(write)) ?? there, claims: [] };
  } catch (error) {
    if (!(error instanceof ContestedError)) throw error;
    return { there, claims: error.claims };
  }
}

const missing = ({ data }: KnativeSettings, there: Settings | undefined): string[] =>
  Object.keys(data).filter((key) => there?.data?.[key] !== data[key]);

function unsetLine({ metadata, data }: KnativeSettings, key: string, { claims }: Settled): string {
  const holder = claims.find(({ field }) => field === `.data.${key}`);
  const held = holder === undefined ? '' : ` (held by ${holder.manager})`;
  return `${metadata.name}: ${key} = ${data[key]}${held}`;
}

async function classesOf(
  client: KubeClient,
  wanted: SurveyParts['runtimeClasses'],
): Promise<Survey['runtimeClasses']> {
  const found = Object.keys(wanted).length === 0 ? undefined : await allowed(client.list(KINDS.runtimeClass));
  return RUNTIME_TIERS.flatMap((tier) => {
    const name = wanted[tier];
    // what may not be seen is found out by the first instance: it is refused without its class
    const isThere = found === undefined || found.items.some(({ metadata }) => metadata.name === name);
    return name === undefined ? [] : [{ tier, name, isThere }];
  });
}

async function storageClassesOf(client: KubeClient): Promise<string[] | undefined> {
  const found = await allowed(client.list(KINDS.storageClass));
  const isDefault = ({ metadata }: KubeObject): boolean => metadata.annotations?.[DEFAULT_CLASS] === 'true';
  return found?.items
    .sort((a, b) => Number(isDefault(b)) - Number(isDefault(a)))
    .map(({ metadata }) => metadata.name);
}

/** Refusals say what the agent may do, not that the cluster is ill: not allowed, denied by a webhook, not valid. */
const REFUSALS = [400, 403, 409, 422];

async function allowed<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof KubeError && REFUSALS.includes(error.status)) return undefined;
    throw error;
  }
}
