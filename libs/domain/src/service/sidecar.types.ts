import type { Probe } from './container.types.js';

/** What asks a sidecar: it serves nothing, so the port says which of its own is asked. */
export interface SidecarProbe extends Probe {
  port: number;
}

/** Readiness is the serving container's: a sidecar takes no requests. */
export const SIDECAR_PROBE_KINDS = ['startup', 'liveness'] as const;

export type SidecarProbes = Partial<Record<(typeof SIDECAR_PROBE_KINDS)[number], SidecarProbe>>;

/** Where a container has a volume of the template. */
export interface VolumeMount {
  volume: string;
  mountPath: string;
}

/** A container beside the one that serves, on the same loopback; template and revision share it. */
export interface SidecarOptions {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  /** Its own, beside the serving container's; an instance has the sum. */
  resources: { cpuMillis: number; memoryMiB: number };
  probes?: SidecarProbes;
  mounts?: VolumeMount[];
}

export const SIDECAR_LIMITS = { sidecars: 9, name: 40 } as const;

/** What a sidecar holds where the caller says nothing: Cloud Run's defaults of a container. */
export const SIDECAR_DEFAULTS = { resources: { cpuMillis: 1000, memoryMiB: 512 } } as const;

/** The container that serves, as clusters and log lines name it. */
export const SERVING_CONTAINER = 'app';
