import type { Service, ServiceStatus, Template, TrafficTarget } from './service.types.js';
import { LATEST } from './service.names.js';

/** What a template holds where the caller says nothing (design D6). */
export const TEMPLATE_DEFAULTS = {
  env: [],
  resources: { cpuMillis: 1000, memoryMiB: 512 },
  concurrency: 80,
  timeoutSeconds: 300,
  maxInstances: 100,
  port: 8080,
  protocol: 'http1',
} as const satisfies Template;

/** What a service holds where the caller says nothing. Private unless made public (design D7). */
export const SERVICE_DEFAULTS = {
  access: 'private',
  minInstances: 0,
  rollout: 'surge',
} as const satisfies Partial<Service>;

/** All traffic follows the newest ready revision. */
export const DEFAULT_TRAFFIC: readonly TrafficTarget[] = [{ revision: LATEST, percent: 100 }];

/** The status of a service that no deployer has looked at yet. */
export function initialServiceStatus(): ServiceStatus {
  return { observedGeneration: 0, traffic: [], conditions: [] };
}

/** Bounds of a template's and a service's numbers (design D6), for schemas and messages alike. */
export const BOUNDS = {
  cpuMillis: { minimum: 80, maximum: 8000 },
  memoryMiB: { minimum: 64, maximum: 32_768 },
  gpus: { minimum: 1, maximum: 16 },
  concurrency: { minimum: 1, maximum: 1000 },
  timeoutSeconds: { minimum: 1, maximum: 3600 },
  maxInstances: { minimum: 1, maximum: 1000 },
  minInstances: { minimum: 0, maximum: 1000 },
  port: { minimum: 1, maximum: 65_535 },
} as const;

/** Counts and lengths that keep a service's intent small. */
export const LIMITS = {
  envEntries: 200,
  envNameCharacters: 128,
  envValueCharacters: 32_768,
  envCharacters: 131_072,
  commandWords: 64,
  commandCharacters: 4096,
  trafficLines: 50,
  regions: 20,
} as const;

/** Ports that Knative's queue-proxy takes beside every instance. */
export const RESERVED_PORTS: readonly number[] = [8008, 8012, 8013, 8022, 9090, 9091];
