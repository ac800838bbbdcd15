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
  /** Files, by comma, in which further gateways of this machine find their join tokens. */
  TOWPATH_GATEWAY_TOKEN_FILES: z
    .string()
    .default('')
    .transform((names) => names.split(',').filter((name) => name !== '')),
  /** Where the gateways stand whose tokens it makes: at the first run, and those of the files above. */
  TOWPATH_GATEWAY_REGION: z.string().min(1).max(63).default('local'),
  /** The services' domain: what the authority may vouch for. */
  TOWPATH_DOMAIN: z.string().min(1).default('localhost'),
  /** How long a certificate lives; it is renewed after half of it. */
  TOWPATH_CERTIFICATE_SECONDS: z.coerce.number().int().min(20).max(34_560_000).default(2_592_000),
});

export type IdentityConfig = z.infer<typeof identityConfigSchema>;
