import { baseConfig } from '#libs/process';
import { z } from 'zod';

/** What the api reads of its environment (contracts/README.md). */
export const apiConfigSchema = z.object({
  ...baseConfig,
  TOWPATH_API_DATABASE_URL: z.string().min(1),
  NATS_URL: z.string().min(1),
  TOWPATH_NATS_CREDS: z.string().min(1),
  TOWPATH_BLOBS_DIR: z.string().min(1),
  TOWPATH_MASTER_KEY_FILE: z.string().min(1),
  /** The services' domain and the gateway's public port, for URLs. */
  TOWPATH_DOMAIN: z.string().min(1).default('localhost'),
  /** How clients reach this API; by default its own port on 127.0.0.1. */
  TOWPATH_API_URL: z.string().optional(),
  TOWPATH_GATEWAY_PORT: z.coerce.number().int().min(1).max(65_535),
});

export type ApiConfig = z.infer<typeof apiConfigSchema>;
