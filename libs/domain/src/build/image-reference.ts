import type { Digest } from './build.types.js';

/** A registry reference taken apart; `docker.io` is said where the reader of such references adds it. */
export interface ImageReference {
  /** Host, with a port when one was given. */
  registry: string;
  repository: string;
  /** `latest` where neither tag nor digest was given. */
  tag?: string;
  digest?: Digest;
}

/** Where a reference without a host points to. */
export const DEFAULT_REGISTRY = 'docker.io';

const MAX_CHARACTERS = 512;
const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const HOST = new RegExp(`^${LABEL}(?:\\.${LABEL})*(?::([1-9][0-9]{0,4}))?$`);
const MAX_PORT = 65_535;
const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Reads `[host[:port]/]path[:tag][@sha256:…]` by the grammar of the OCI distribution specification. */
export function parseImageReference(text: string): ImageReference | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  const at = text.indexOf('@');
  const place = at === -1 ? placeOf(text) : placeOf(text.slice(0, at));
  if (place === undefined) return undefined;
  if (at === -1) return { ...place, tag: place.tag ?? 'latest' };
  const digest = text.slice(at + 1);
  return isDigest(digest) ? { ...place, digest } : undefined;
}

/** Why a text cannot name an image; undefined when it can. */
export function imageReferenceProblem(text: string): string | undefined {
  return parseImageReference(text) === undefined
    ? 'must be a registry reference like registry.example/team/app:1.0 or app@sha256:…'
    : undefined;
}

/** The image of a reference's repository with that digest, as a container runtime pulls it. */
export function pinnedImage(reference: string, digest: Digest): string {
  const image = parseImageReference(reference);
  if (image === undefined) throw new Error('the reference was not checked');
  return `${image.registry}/${image.repository}@${digest}`;
}

function placeOf(text: string): Omit<ImageReference, 'digest'> | undefined {
  const colon = text.indexOf(':', text.lastIndexOf('/') + 1);
  const tag = colon === -1 ? undefined : text.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) return undefined;
  const [host, path] = partsOf(colon === -1 ? text : text.slice(0, colon));
  if (!isHostName(host) || !path.every((component) => COMPONENT.test(component))) return undefined;
  const registry = host === `index.${DEFAULT_REGISTRY}` ? DEFAULT_REGISTRY : host;
  const official = registry === DEFAULT_REGISTRY && path.length === 1;
  const repository = [...(official ? ['library'] : []), ...path].join('/');
  return { registry, repository, ...(tag === undefined ? {} : { tag }) };
}

/** The first part is a host when it could be nothing else: it has a dot or a port, or is `localhost`. */
function partsOf(name: string): [host: string, path: string[]] {
  const [first = '', ...others] = name.split('/');
  const isHost = others.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return isHost ? [first, others] : [DEFAULT_REGISTRY, [first, ...others]];
}

function isHostName(text: string): boolean {
  const found = HOST.exec(text);
  return found !== null && Number(found[1] ?? 1) <= MAX_PORT;
}

function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}
