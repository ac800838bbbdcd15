import { baseConfig, publicOriginConfig, webhookConfig } from '#libs/process';
import { z } from 'zod';

/** What the api reads of its environment (contracts/README.md). */
export const apiConfigSchema = z.object({
  ...baseConfig,
  ...publicOriginConfig,
  ...webhookConfig,
  TOWPATH_API_DATABASE_URL: z.string().min(1),
  NATS_URL: z.string().min(1),
  TOWPATH_NATS_CREDS: z.string().min(1),
  TOWPATH_BLOBS_DIR: z.string().min(1),
  TOWPATH_MASTER_KEY_FILE: z.string().min(1),
  /** How long a closing organization is kept before it is erased. */
  TOWPATH_CLOSE_HOLD_SECONDS: z.coerce.number().int().min(1).max(31_536_000).default(2_592_000),
  /** Of one organization, in this process: transactions a second and at a time, and how many more may wait. */
  TOWPATH_TENANT_PER_SECOND: z.coerce.number().int().min(1).max(1_000_000).default(200),
  TOWPATH_TENANT_TRANSACTIONS: z.coerce.number().int().min(1).max(1000).default(6),
  TOWPATH_TENANT_WAITING: z.coerce.number().int().min(1).max(100_000).default(200),
  /** Deploys that one organization may begin in this process a minute. */
  TOWPATH_TENANT_DEPLOYS_PER_MINUTE: z.coerce.number().int().min(1).max(1_000_000).default(180),
  /** How clients reach this API; by default its own port on 127.0.0.1. */
  TOWPATH_API_URL: z.string().optional(),
});

export type ApiConfig = z.infer<typeof apiConfigSchema>;
