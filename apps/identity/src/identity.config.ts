import { baseConfig } from '#libs/process';
import { z } from 'zod';

/** What identity reads of its environment (contracts/README.md). */
export const identityConfigSchema = z.object({
  ...baseConfig,
  TOWPATH_SYSTEM_DATABASE_URL: z.string().min(1),
  NATS_URL: z.string().min(1),
  TOWPATH_NATS_CREDS: z.string().min(1),
  TOWPATH_MASTER_KEY_FILE: z.string().min(1),
  TOWPATH_NATS_ACCOUNT_SEED_FILE: z.string().min(1),
  TOWPATH_BOOTSTRAP_FILE: z.string().min(1),
});

export type IdentityConfig = z.infer<typeof identityConfigSchema>;
