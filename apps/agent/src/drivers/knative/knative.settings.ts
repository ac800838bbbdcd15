import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { BaseImage } from '../../images/published.images.js';
import type { RegistrySettings } from '../../images/registry.js';
import { rangeOf } from './address.range.js';
import type { Egress, OpenAddresses } from './egress.rules.js';

const percent = z.coerce.number().int().min(1).max(100);
const commaApart = (text: string): string[] => text.split(',').filter((one) => one !== '');
/** A setting that is a list, apart by comma; each of it is read, or the setting is refused as a whole. */
const listOf = <T>(read: (text: string) => T | undefined, what: string): z.ZodType<T[], string | undefined> =>
  z
    .string()
    .default('')
    .transform((text, context) => {
      const all = commaApart(text).map(read);
      const known = all.filter((one) => one !== undefined);
      if (known.length < all.length) context.addIssue(`must be ${what}, apart by comma`);
      return known;
    });

/** Names of the environment that set the knative runtime. */
export const knativeConfig = {
  TOWPATH_KUBECONFIG: z.string().optional(),
  TOWPATH_REGISTRY_URL: z.url().optional(),
  TOWPATH_REGISTRY_USERNAME: z.string().optional(),
  TOWPATH_REGISTRY_PASSWORD_FILE: z.string().optional(),
  TOWPATH_BASE_IMAGE: z.string().default('library/node:24-slim'),
  TOWPATH_DOOR_IMAGE: z.string().default('docker.io/envoyproxy/envoy:v1.36-latest'),
  TOWPATH_CPU_REQUEST_PERCENT: percent.default(100),
  TOWPATH_MEMORY_REQUEST_PERCENT: percent.default(100),
  TOWPATH_PLACE_TIMEOUT_SECONDS: z.coerce.number().int().min(1).max(3600).default(240),
  TOWPATH_RUNTIME_CLASS: z.string().min(1).optional(),
  /** Of instances whose price plan has the sandboxed tier; absent: the cluster does not have it. */
  TOWPATH_SANDBOX_RUNTIME_CLASS: z.string().min(1).optional(),
  TOWPATH_PROJECT_PODS: z.coerce.number().int().min(1).default(500),
  /** Whole GPUs that the instances of a project may hold at a time, of each resource. */
  TOWPATH_PROJECT_GPUS: z.coerce.number().int().min(0).default(8),
  /** What instances reach although it is private: gateways at private addresses, for calls of services by their URLs. */
  TOWPATH_EGRESS_OPEN: listOf(
    openOf,
    'IPv4 addresses or ranges, each with a port, as 10.0.0.5:443 or 10.0.4.0/24:5432',
  ),
  /** What they do not reach, besides private ranges, nodes and API servers. */
  TOWPATH_EGRESS_CLOSED: listOf(rangeOf, 'IPv4 addresses or ranges, as 198.51.100.0/24'),
};

export type KnativeConfig = z.infer<z.ZodObject<typeof knativeConfig>>;

/** Where instances may go, and where not. */
export function egressOf({
  TOWPATH_EGRESS_OPEN: open,
  TOWPATH_EGRESS_CLOSED: closed,
}: KnativeConfig): Egress {
  return { open, closed };
}

/** The registry of this cluster; the configuration's check has seen to it that there is one. */
export function registrySettings(config: KnativeConfig): RegistrySettings {
  const { TOWPATH_REGISTRY_URL: url = '', TOWPATH_REGISTRY_USERNAME: username } = config;
  const file = config.TOWPATH_REGISTRY_PASSWORD_FILE;
  if (username === undefined || file === undefined) return { url };
  return { url, username, password: readFileSync(file, 'utf8').trim() };
}

/** `repository[:tag][@digest]`, in the cluster's registry. */
export function baseImageOf(text: string): BaseImage {
  const [, repository = text, tag, digest] =
    /^([^:@]+)(?::([^@]+))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(text) ?? [];
  return { repository, reference: digest ?? tag ?? 'latest' };
}

/** `address[/bits]:port`. */
function openOf(text: string): OpenAddresses | undefined {
  const [, address = '', digits = ''] = /^([^:]+):(\d{1,5})$/.exec(text) ?? [];
  const [range, port] = [rangeOf(address), Number(digits)];
  return range === undefined || port < 1 || port > 65_535 ? undefined : { range, port };
}
