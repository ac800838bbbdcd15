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
});

export type DeployerConfig = z.infer<typeof deployerConfigSchema>;
