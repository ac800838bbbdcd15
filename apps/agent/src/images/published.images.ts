import { kubernetesName, type Digest, type Id } from '#libs/domain';
import type { FolderBlobs } from '#libs/store';
import { json } from 'node:stream/consumers';
import { manifestSchema, type ImageConfig, type Manifest } from './oci.js';
import type { Registry } from './registry.js';

/** The image below every application of a runtime: repository and tag or digest, in the same registry. */
export interface BaseImage {
  repository: string;
  reference: string;
}

/** Where the images of a project are. */
export function repositoryOf(organizationId: Id<'org'>, projectId: Id<'prj'>): string {
  return `${kubernetesName(organizationId)}/${kubernetesName(projectId)}`;
}

/** Images of a cluster: an application's layer on a base, in a registry from which the cluster's kubelets pull. */
export class PublishedImages {
  constructor(
    private readonly registry: Registry,
    private readonly blobs: FolderBlobs,
    private readonly base: BaseImage,
  ) {}

  /** What an application is packed on. */
  baseImage(): Promise<{ manifest: Manifest; config: ImageConfig }> {
    return this.registry.image(this.base.repository, this.base.reference);
  }

  /** Pushes an image of the blob port, unless it is there. The base's layers are mounted, not sent. */
  async publish(digest: Digest, repository: string): Promise<void> {
    if (await this.registry.hasManifest(repository, digest)) return;
    const manifest = manifestSchema.parse(await json(this.blobs.read(digest)));
    for (const { digest: blob, size } of [...manifest.layers, manifest.config]) {
      if (await this.blobs.has(blob)) {
        await this.registry.push(repository, { digest: blob, size, read: () => this.blobs.read(blob) });
      } else {
        await this.registry.mount(repository, blob, this.base.repository);
      }
    }
    await this.registry.pushManifest(repository, digest, await bytesOf(this.blobs.read(digest)));
  }
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
