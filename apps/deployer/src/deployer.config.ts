import { baseConfig, publicOriginConfig } from '#libs/process';
import { z } from 'zod';

/** What the deployer reads of its environment (contracts/README.md). */
export const deployerConfigSchema = z.object({
  ...baseConfig,
  TOWPATH_SYSTEM_DATABASE_URL: z.string().min(1),
  NATS_URL: z.string().min(1),
  TOWPATH_NATS_CREDS: z.string().min(1),
  TOWPATH_BLOBS_DIR: z.string().min(1),
  TOWPATH_MASTER_KEY_FILE: z.string().min(1),
  ...publicOriginConfig,
  /** Origins by comma. */
  TOWPATH_PRIVATE_REGISTRIES: z
    .string()
    .default('')
    .transform((text) => text.split(',').filter((part) => part !== ''))
    .refine((origins) => origins.every(isOrigin), 'must be origins like https://registry.internal:5000'),
});

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text;
}

export type DeployerConfig = z.infer<typeof deployerConfigSchema>;
