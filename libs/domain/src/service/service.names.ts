import type { Id } from '../id.js';
import { kubernetesName } from '../id.js';
import { labelProblem } from '../name.js';

/** Longest tag and service name together, so that `<tag>---<service>--<handle>` fits one DNS label (63). */
export const MAX_TAG_AND_SERVICE = 42;
/** What a caller may not name a revision: it is a word of the traffic split. */
export const LATEST = 'latest';

const MAX_LABEL = 63;
/** The domain inside which clusters route by revision; never resolved outside. */
export const INTERNAL_DOMAIN = 'towpath.internal';

/** Below which gateways are named in the certificates they show to doors. */
export const GATEWAYS_DOMAIN = `gateways.${INTERNAL_DOMAIN}`;
/** Below which the doors of clusters are named in the certificates they show to gateways. */
export const DOORS_DOMAIN = `doors.${INTERNAL_DOMAIN}`;

/** The two sides of a door: who knocks, and who opens. */
export type PeerSide = 'gateway' | 'door';

/** What a member is called in its certificate. An agent knocks too: at the door of its own cluster, to see an answer. */
export function peerName(id: Id<'gw'> | Id<'cls'>, side: PeerSide): string {
  return `${kubernetesName(id)}.${side === 'gateway' ? GATEWAYS_DOMAIN : DOORS_DOMAIN}`;
}

/** The public host of a service, or of one of its tags (design D9). */
export function serviceHost(
  tag: string | undefined,
  service: string,
  handle: string,
  domain: string,
): string {
  const label = tag === undefined ? service : `${tag}---${service}`;
  return `${label}--${handle}.${domain}`;
}

/** How the gateways are reached from outside. */
export interface PublicOrigin {
  scheme: 'http' | 'https';
  port: number;
}

const USUAL_PORTS = { http: 80, https: 443 };

/** The public URL of a service or tag; the scheme's usual port is left out. */
export function serviceUrl(
  tag: string | undefined,
  service: string,
  handle: string,
  domain: string,
  { scheme, port }: PublicOrigin,
): string {
  const host = serviceHost(tag, service, handle, domain);
  return port === USUAL_PORTS[scheme] ? `${scheme}://${host}` : `${scheme}://${host}:${port}`;
}

/**
 * What tokens for callers of a private service are made for (`aud`), at all of its hosts. It names no port, so an
 * operator may move the gateway.
 */
export function serviceAudience(service: string, handle: string, domain: string): string {
  return `https://${serviceHost(undefined, service, handle, domain)}`;
}

/** `<service>-<suffix>` when the caller gave one, else `<service>-00001` and up. */
export function revisionName(service: string, number: number, suffix?: string): string {
  return `${service}-${suffix ?? String(number).padStart(5, '0')}`;
}

/**
 * The Knative tag of a revision: a label that starts with a letter, and from which `<tag>-<service>` can be taken
 * apart again, so that no two revisions of a project share a host.
 */
export function revisionTag(revision: string, service: string): string {
  return `v-${revision.slice(service.length + 1)}--of`;
}

/**
 * The host by which every cluster's ingress routes to one revision; the same in every cluster (design D3). It is what
 * Knative makes of a tag by its own default templates.
 */
export function revisionHost(revision: string, service: string, projectId: Id<'prj'>): string {
  return `${revisionTag(revision, service)}-${service}.${kubernetesName(projectId)}.${INTERNAL_DOMAIN}`;
}

/** Why a text cannot name a service; undefined when it can. */
export function serviceNameProblem(name: string): string | undefined {
  return labelProblem(name, MAX_TAG_AND_SERVICE);
}

/** Why a text cannot be a tag of any service; the length together with a service's is `tagLengthProblem`. */
export function tagProblem(tag: string): string | undefined {
  if (tag === LATEST) return 'must not be "latest"';
  return labelProblem(tag, MAX_TAG_AND_SERVICE - 1);
}

/** Why this tag is too long for this service; undefined when it fits. */
export function tagLengthProblem(tag: string, service: string): string | undefined {
  const length = tag.length + service.length;
  if (length <= MAX_TAG_AND_SERVICE) return undefined;
  return `tag and service name together must have at most ${MAX_TAG_AND_SERVICE} characters, these have ${length}`;
}

/** Why a suffix cannot be used for the next revision of this service. Five digits are kept for numbered names. */
export function revisionSuffixProblem(suffix: string, service: string): string | undefined {
  if (/^\d+$/.test(suffix)) return 'must not be a number: numbered names are given by Towpath';
  return labelProblem(suffix, MAX_LABEL - revisionTag(`${service}-`, service).length - 1 - service.length);
}
