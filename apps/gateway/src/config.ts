import { baseConfig } from '#libs/process';
import { z } from 'zod';

const port = z.coerce.number().int().min(1).max(65_535);
const file = z.string().min(1);

const names = z.object({
  ...baseConfig,
  TOWPATH_DATA_DIR: file,
  TOWPATH_JOIN_URL: z.url(),
  /** Absent: where the hub says it is. */
  TOWPATH_NATS_URL: z.string().min(1).exactOptional(),
  TOWPATH_JOIN_TOKEN_FILE: file,
  /** The services' domain. */
  TOWPATH_DOMAIN: z.string().min(1).default('localhost'),
  TOWPATH_GATEWAY_PORT: port,
  /** HTTPS; without it there is no HTTPS listener. */
  TOWPATH_GATEWAY_TLS_PORT: port.optional(),
  /** Whether the HTTP listener answers everything with a redirect to HTTPS. */
  TOWPATH_HTTPS_REDIRECT: z.enum(['on', 'off']).default('off'),
  /** The operator's own certificate (chain) and key, PEM; without them the installation's authority issues. */
  TOWPATH_TLS_CERTIFICATE_FILE: file.optional(),
  TOWPATH_TLS_KEY_FILE: file.optional(),
  TOWPATH_XDS_PORT: port,
  TOWPATH_ENVOY_ADMIN_PORT: port,
  TOWPATH_ENVOY_BOOTSTRAP: file,
  TOWPATH_ENVOY_LOG: file,
  /** How often Envoy reports an open stream, seconds. */
  TOWPATH_ENVOY_REPORT_SECONDS: z.coerce.number().int().min(1).max(300).default(10),
  /** Size at which Envoy's log is put aside and begun anew, bytes. */
  TOWPATH_SPOOL_BYTES: z.coerce.number().int().min(4_096).default(67_108_864),
  /** Rows a second that one organization may write into the request log. */
  TOWPATH_TENANT_LOG_LINES: z.coerce.number().int().min(1).max(1_000_000).default(1_000),
});

/** What the gateway process reads (contracts/README.md). */
export const gatewayConfig = names
  .refine(
    (config) =>
      (config.TOWPATH_TLS_CERTIFICATE_FILE === undefined) === (config.TOWPATH_TLS_KEY_FILE === undefined),
    {
      path: ['TOWPATH_TLS_KEY_FILE'],
      message: 'must be given together with TOWPATH_TLS_CERTIFICATE_FILE, or neither',
    },
  )
  .refine(
    (config) => config.TOWPATH_HTTPS_REDIRECT === 'off' || config.TOWPATH_GATEWAY_TLS_PORT !== undefined,
    {
      path: ['TOWPATH_HTTPS_REDIRECT'],
      message: 'needs TOWPATH_GATEWAY_TLS_PORT',
    },
  );

export type GatewayConfig = z.infer<typeof gatewayConfig>;
