import { DEFAULT_GRACE_MS, DEFAULT_PATIENCE_MS } from '#libs/domain';
import { baseConfig, webhookConfig } from '#libs/process';
import { z } from 'zod';

/** What billing reads of its environment (contracts/README.md). */
export const billingConfigSchema = z.object({
  ...baseConfig,
  TOWPATH_SYSTEM_DATABASE_URL: z.string().min(1),
  NATS_URL: z.string().min(1),
  TOWPATH_NATS_CREDS: z.string().min(1),
  /** Under it lies the key that seals of the ledger are signed with. */
  TOWPATH_MASTER_KEY_FILE: z.string().min(1),
  /** How long after its end a window takes in what comes late, as if it were on time. */
  TOWPATH_LEDGER_GRACE_SECONDS: z.coerce
    .number()
    .int()
    .min(60)
    .max(604_800)
    .default(DEFAULT_GRACE_MS / 1000),
  /** How long a gateway that says nothing holds up the closing of windows. */
  TOWPATH_LEDGER_PATIENCE_SECONDS: z.coerce
    .number()
    .int()
    .min(60)
    .max(2_592_000)
    .default(DEFAULT_PATIENCE_MS / 1000),
  ...webhookConfig,
  TOWPATH_INVOICE_GRACE_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(3_600),
  TOWPATH_INVOICE_DUE_DAYS: z.coerce.number().int().min(0).max(365).default(14),
  /** Who sells, as invoices and FOCUS rows name it. */
  TOWPATH_INVOICE_SELLER: z.string().trim().min(1).max(200).optional(),
  /** How long after an invoice is past due its organization is suspended; absent: never. */
  TOWPATH_INVOICE_SUSPEND_DAYS: z.coerce.number().int().min(0).max(365).optional(),
});

export type BillingConfig = z.infer<typeof billingConfigSchema>;
