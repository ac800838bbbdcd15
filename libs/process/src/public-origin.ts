import type { PublicOrigin } from '#libs/domain';
import { z } from 'zod';
import { ConfigError } from './config.js';

const port = z.coerce.number().int().min(1).max(65_535);

/** How services are reached from outside, of the processes that tell their URLs; spread it into their schema. */
export const publicOriginConfig = {
  /** The services' domain. */
  TOWPATH_DOMAIN: z.string().min(1).default('localhost'),
  /** The gateway's public ports; without the second there is no HTTPS. */
  TOWPATH_GATEWAY_PORT: port,
  TOWPATH_GATEWAY_TLS_PORT: port.optional(),
  /** Which of them a service's URL shows. */
  TOWPATH_PUBLIC_SCHEME: z.enum(['http', 'https']).default('http'),
};

interface OriginConfig {
  TOWPATH_GATEWAY_PORT: number;
  TOWPATH_GATEWAY_TLS_PORT?: number | undefined;
  TOWPATH_PUBLIC_SCHEME: 'http' | 'https';
}

/** @throws ConfigError when URLs shall be https and there is no port for it */
export function publicOrigin(config: OriginConfig): PublicOrigin {
  const {
    TOWPATH_PUBLIC_SCHEME: scheme,
    TOWPATH_GATEWAY_PORT: plain,
    TOWPATH_GATEWAY_TLS_PORT: tls,
  } = config;
  if (scheme === 'http') return { scheme, port: plain };
  if (tls !== undefined) return { scheme, port: tls };
  throw new ConfigError([{ name: 'TOWPATH_PUBLIC_SCHEME', reason: 'needs TOWPATH_GATEWAY_TLS_PORT' }]);
}
