import { createHash } from 'node:crypto';
import { DEFAULT_REGISTRY, type Digest, type ImageReference } from '#libs/domain';
import { askOutside, type OutboundAnswer } from '#libs/process';

/** What a registry said of a reference. */
export type RegistryAnswer =
  | { status: 'found'; digest: Digest }
  | { status: 'absent' }
  | { status: 'refused' }
  /** An answer that says nothing about the image, such as 429 or 500. */
  | { status: 'undecided' };

/** `user:password`. */
export type Credentials = string;

/** Manifests and lists of manifests, of OCI and of Docker. */
const ACCEPTED = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** The registry behind references without a host answers at another name. */
const DEFAULT_HOST = 'registry-1.docker.io';
const REDIRECTS = 3;
const ANSWER_MS = 10_000;
/** No manifest is larger (the distribution specification asks registries for 4 MiB). */
const MAX_BYTES = 4 * 1024 * 1024;

/** Reads which digest a reference has, by the OCI distribution specification 1.1 and Docker's token protocol. */
export class RegistryReader {
  /** @param allowed origins that may be on private addresses, and may speak plain HTTP */
  constructor(private readonly allowed: readonly string[]) {}

  /** Rejects when the registry cannot be reached. */
  async read(image: ImageReference, credentials: Credentials | undefined): Promise<RegistryAnswer> {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const url = new URL(
      `/v2/${image.repository}/manifests/${image.digest ?? image.tag ?? 'latest'}`,
      this.origin(image),
    );
    const basic =
      credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`;
    const first = await this.follow('HEAD', url, undefined, signal);
    if (first.status !== 401) return this.judge(first, url, undefined, signal);
    const authorization = await this.authorize(first, image, basic, signal);
    if (authorization === undefined) return { status: 'refused' };
    return this.judge(await this.follow('HEAD', url, authorization, signal), url, authorization, signal);
  }

  private origin({ registry }: ImageReference): string {
    const host = registry === DEFAULT_REGISTRY ? DEFAULT_HOST : registry;
    return this.allowed.find((origin) => new URL(origin).host === host) ?? `https://${host}`;
  }

  private async judge(
    { status, headers }: OutboundAnswer,
    url: URL,
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<RegistryAnswer> {
    if (status === 404) return { status: 'absent' };
    if (status === 401 || status === 403) return { status: 'refused' };
    if (status !== 200) return { status: 'undecided' };
    const said = headers['docker-content-digest'];
    if (isDigest(said)) return { status: 'found', digest: said };
    const whole = await this.follow('GET', url, authorization, signal);
    if (whole.status !== 200) return { status: 'undecided' };
    return { status: 'found', digest: `sha256:${createHash('sha256').update(whole.body).digest('hex')}` };
  }

  /** What to send after a 401; undefined when nothing would help. */
  private async authorize(
    { headers }: OutboundAnswer,
    { repository }: ImageReference,
    basic: string | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const challenge = headers['www-authenticate'] ?? '';
    if (!/^bearer /i.test(challenge)) return basic;
    const realm = parameter(challenge, 'realm');
    if (realm === undefined || !URL.canParse(realm)) return undefined;
    const url = new URL(realm);
    const service = parameter(challenge, 'service');
    if (service !== undefined) url.searchParams.set('service', service);
    url.searchParams.set('scope', `repository:${repository}:pull`);
    const answer = await this.once('GET', url, basic, signal);
    return answer.status === 200 ? bearer(answer.body) : undefined;
  }

  /** Redirects go on without the credentials unless they stay at the same origin. */
  private async follow(
    method: 'GET' | 'HEAD',
    url: URL,
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<OutboundAnswer> {
    let at = url;
    for (let hop = 0; ; hop += 1) {
      const answer = await this.once(
        method,
        at,
        at.origin === url.origin ? authorization : undefined,
        signal,
      );
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status > 308 || location === undefined || hop === REDIRECTS)
        return answer;
      at = new URL(location, at);
    }
  }

  private async once(
    method: 'GET' | 'HEAD',
    url: URL,
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<OutboundAnswer> {
    const allowed = this.allowed.includes(url.origin);
    if (url.protocol !== 'https:' && !allowed) throw new Error('only https is spoken to public registries');
    const headers = { accept: ACCEPTED, ...(authorization === undefined ? {} : { authorization }) };
    return askOutside(url, {
      method,
      headers,
      reach: allowed ? 'any' : 'public',
      signal,
      maxBytes: MAX_BYTES,
    });
  }
}

function parameter(challenge: string, name: string): string | undefined {
  return new RegExp(`[ ,]${name}="([^"]*)"`, 'i').exec(challenge)?.[1];
}

function bearer(body: Buffer): string | undefined {
  try {
    const { token, access_token: other } = JSON.parse(body.toString()) as Record<string, unknown>;
    const found = token ?? other;
    return typeof found === 'string' && /^[\x21-\x7e]+$/.test(found) ? `Bearer ${found}` : undefined;
  } catch {
    return undefined;
  }
}

function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && /^sha256:[0-9a-f]{64}$/.test(text);
}
