import { z } from 'zod';
import type { Digest } from '#libs/domain';

/** The few parts of the OCI image specification that a build writes and a start reads. */
export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
export const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
export const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';

const digest = z.custom<Digest>((v) => typeof v === 'string' && /^sha256:[0-9a-f]{64}$/.test(v));
const descriptor = z.object({ mediaType: z.string(), digest, size: z.int().nonnegative() });

export const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.literal(MANIFEST_TYPE),
  config: descriptor,
  layers: z.array(descriptor).min(1),
});

export const imageConfigSchema = z.object({
  architecture: z.string(),
  os: z.string(),
  config: z.object({
    Env: z.array(z.string()).default([]),
    Entrypoint: z.array(z.string()).nullish(),
    Cmd: z.array(z.string()).nullish(),
    WorkingDir: z.string().default('/'),
    User: z.string().optional(),
  }),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: z.array(digest) }),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ImageConfig = z.infer<typeof imageConfigSchema>;

/** Node's word for the machine as OCI (Go) names it. */
export function ociArchitecture(arch: string): string {
  return { x64: 'amd64', ia32: '386' }[arch] ?? arch;
}
