import { baseConfig } from '#libs/process';
import { z } from 'zod';

/** What billing reads of its environment (contracts/README.md). */
export const billingConfigSchema = z.object({
  ...baseConfig,
  TOWPATH_SYSTEM_DATABASE_URL: z.string().min(1),
  NATS_URL: z.string().min(1),
  TOWPATH_NATS_CREDS: z.string().min(1),
});

export type BillingConfig = z.infer<typeof billingConfigSchema>;
