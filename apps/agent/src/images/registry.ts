import { Readable } from 'node:stream';
import { TowpathError, type Digest } from '#libs/domain';
import { MANIFEST_TYPE, manifestSchema, imageConfigSchema, type ImageConfig, type Manifest } from './oci.js';

export interface RegistrySettings {
  /** `https://host` or, for a registry on a private network, `http://host:port`. */
  url: string;
  username?: string;
  password?: string;
}

/** A blob to push: its bytes are read only when the registry does not have them yet. */
export interface PushedBlob {
  digest: Digest;
  size: number;
  read: () => AsyncIterable<Uint8Array>;
}

const ANSWER_MS = 300_000;

/** A registry that speaks the OCI distribution specification 1.1; `repository` is the path of an image without its tag. */
export class Registry {
  private readonly authorization: string | undefined;

  constructor(private readonly settings: RegistrySettings) {
    const { username, password } = settings;
    if (username !== undefined && password !== undefined)
      this.authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  /** Manifest and configuration of an image by digest or tag. @throws TowpathError when it is not there */
  async image(repository: string, reference: string): Promise<{ manifest: Manifest; config: ImageConfig }> {
    const found = await this.get(`${repository}/manifests/${reference}`);
    const manifest = manifestSchema.parse(JSON.parse(found));
    const config = imageConfigSchema.parse(
      JSON.parse(await this.get(`${repository}/blobs/${manifest.config.digest}`)),
    );
    return { manifest, config };
  }

  async hasManifest(repository: string, digest: Digest): Promise<boolean> {
    return this.has(`${repository}/manifests/${digest}`);
  }

  /** Pushes a blob unless it is there. */
  async push(repository: string, blob: PushedBlob): Promise<void> {
    if (await this.has(`${repository}/blobs/${blob.digest}`)) return;
    const start = await this.send('POST', `${repository}/blobs/uploads/`, [202]);
    const location = new URL(start.headers.get('location') ?? '', this.settings.url);
    location.searchParams.set('digest', blob.digest);
    await this.send('PUT', location, [201], {
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(blob.size) },
      body: Readable.toWeb(Readable.from(blob.read())) as ReadableStream<Uint8Array>,
      duplex: 'half',
    });
  }

  /** Makes a blob of another repository of the same registry one of this repository too. */
  async mount(repository: string, digest: Digest, from: string): Promise<void> {
    if (await this.has(`${repository}/blobs/${digest}`)) return;
    const query = new URLSearchParams({ mount: digest, from }).toString();
    await this.send('POST', `${repository}/blobs/uploads/?${query}`, [201]);
  }

  /** Names the image by its digest; everything it lists must be there. */
  async pushManifest(repository: string, digest: Digest, bytes: Buffer<ArrayBuffer>): Promise<void> {
    await this.send('PUT', `${repository}/manifests/${digest}`, [201], {
      headers: { 'content-type': MANIFEST_TYPE },
      body: bytes,
    });
  }

  private async get(path: string): Promise<string> {
    return (await this.send('GET', path, [200], { headers: { accept: MANIFEST_TYPE } })).text();
  }

  private async has(path: string): Promise<boolean> {
    const { status } = await this.send('HEAD', path, [200, 404], { headers: { accept: MANIFEST_TYPE } });
    return status === 200;
  }

  private async send(
    method: string,
    path: string | URL,
    expected: number[],
    init: RequestInit & { duplex?: 'half' } = {},
  ): Promise<Response> {
    const url = typeof path === 'string' ? new URL(`/v2/${path}`, this.settings.url) : path;
    const headers = new Headers(init.headers);
    if (this.authorization !== undefined) headers.set('authorization', this.authorization);
    const response = await fetch(url, {
      ...init,
      method,
      headers,
      signal: AbortSignal.timeout(ANSWER_MS),
    }).catch((cause: unknown) => {
      throw new TowpathError('UNAVAILABLE', 'The registry of images does not answer.', { cause });
    });
    if (expected.includes(response.status)) return response;
    await response.body?.cancel();
    throw new TowpathError(
      response.status === 401 || response.status === 403 ? 'FAILED_PRECONDITION' : 'UNAVAILABLE',
      `The registry of images answered ${response.status}.`,
      { nextStep: "See the agent's log, its registry settings and the registry's own log." },
    );
  }
}
