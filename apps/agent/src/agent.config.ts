import { baseConfig } from '#libs/process';
import { z } from 'zod';
import { knativeConfig } from './drivers/knative/knative.settings.js';
import { localConfig } from './drivers/local/local.settings.js';

/** The agent's environment (contracts/README.md). The token file is read at the first start only. */
export const agentSchema = z
  .object({
    ...baseConfig,
    ...localConfig,
    ...knativeConfig,
    TOWPATH_RUNTIME: z.enum(['local', 'knative']).default('local'),
    TOWPATH_DATA_DIR: z.string().min(1),
    TOWPATH_BLOBS_DIR: z.string().min(1),
    TOWPATH_JOIN_URL: z.string().min(1),
    /** NATS as this agent reaches it; absent: where the hub says it is. */
    TOWPATH_NATS_URL: z.string().min(1).exactOptional(),
    /** Lines a second that one organization may write. */
    TOWPATH_TENANT_LOG_LINES: z.coerce.number().int().min(1).max(1_000_000).default(1_000),
    TOWPATH_JOIN_TOKEN_FILE: z.string().default(''),
    /** The cluster it means to be, by name; without it, whichever the token names. */
    TOWPATH_CLUSTER: z.string().min(1).exactOptional(),
  })
  .refine((config) => config.TOWPATH_RUNTIME === 'local' || config.TOWPATH_REGISTRY_URL !== undefined, {
    path: ['TOWPATH_REGISTRY_URL'],
    message: 'is needed by the knative runtime',
  });

export type AgentConfig = z.infer<typeof agentSchema>;
