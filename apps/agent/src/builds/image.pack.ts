import type { Digest } from '#libs/domain';
import type { FolderBlobs, StoredBlob } from '#libs/store';
import {
  CONFIG_TYPE,
  LAYER_TYPE,
  MANIFEST_TYPE,
  ociArchitecture,
  type ImageConfig,
  type Manifest,
} from '../images/oci.js';
import { APP_FOLDER, packLayer } from './layer.js';

/** The largest packed image a build may make. */
export const MAX_IMAGE_BYTES = 2 * 1024 ** 3;

/** Whom an application runs as on a base that names nobody by number: nobody, as many images have it. */
const APP_USER = '65532';

/** The image below an application: what it runs with. */
export interface Base {
  manifest: Manifest;
  config: ImageConfig;
}

/**
 * Packs a built folder as an OCI image (manifest, config, one layer, on the base's when there is one) into the blob
 * port. The same content, command and base give the same digest. Returns the manifest's digest and the layer's.
 */
export async function packImage(
  folder: string,
  command: string[],
  blobs: FolderBlobs,
  base?: Base,
): Promise<{ image: Digest; layer: Digest }> {
  const layer = await packLayer(folder);
  const layerBlob = await blobs.write(layer.stream, MAX_IMAGE_BYTES);
  const config: ImageConfig = {
    architecture: base?.config.architecture ?? ociArchitecture(process.arch),
    os: 'linux',
    config: {
      Env: base?.config.config.Env ?? [],
      Cmd: command,
      WorkingDir: `/${APP_FOLDER}`,
      ...(base === undefined ? {} : { User: userOf(base.config) }),
    },
    rootfs: { type: 'layers', diff_ids: [...(base?.config.rootfs.diff_ids ?? []), layer.diffId()] },
  };
  const configBlob = await writeJson(blobs, config);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: CONFIG_TYPE, ...configBlob },
    layers: [...(base?.manifest.layers ?? []), { mediaType: LAYER_TYPE, ...layerBlob }],
  };
  return { image: (await writeJson(blobs, manifest)).digest, layer: layerBlob.digest };
}

/** By number, and not root: a cluster refuses other images outside the sandboxed tier. */
function userOf({ config: { User: given = '' } }: ImageConfig): string {
  return /^[1-9]\d*(?::\d+)?$/.test(given) ? given : APP_USER;
}

function writeJson(blobs: FolderBlobs, value: Manifest | ImageConfig): Promise<StoredBlob> {
  const bytes = Buffer.from(JSON.stringify(value));
  return blobs.write([bytes], bytes.length);
}
