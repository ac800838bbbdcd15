export const PROBE_TYPES = ['http', 'tcp', 'grpc'] as const;

/** One question to a container on the port it serves. */
export interface Probe {
  /** Well when it answers 200 to 399, when the port is open, when the gRPC health protocol says so. */
  type: (typeof PROBE_TYPES)[number];
  /** Of `http` only, which needs it. */
  path?: string;
  /** Of `grpc` only; without it the server as a whole is asked for. */
  service?: string;
  initialDelaySeconds?: number;
  periodSeconds?: number;
  timeoutSeconds?: number;
  failureThreshold?: number;
}

export const PROBE_KINDS = ['startup', 'readiness', 'liveness'] as const;

/** Startup holds the other two back until it was well once; readiness takes traffic away, liveness ends the instance. */
export type Probes = Partial<Record<(typeof PROBE_KINDS)[number], Probe>>;

/** A folder that is empty when an instance starts and gone when it ends. */
export interface Volume {
  name: string;
  mountPath: string;
  /** `memory` counts as memory of the instance. */
  medium: 'memory' | 'disk';
  sizeMiB: number;
}

/** What only a cluster runs that runs any container (see CONTAINERS); template and revision share it. */
export interface ContainerOptions {
  /** Words after the command, or after the image's own when there is none. */
  args?: string[];
  probes?: Probes;
  volumes?: Volume[];
}

/** Bounds of what only containers have; seconds, counts, MiB. */
export const CONTAINER_BOUNDS = {
  initialDelaySeconds: { minimum: 0, maximum: 240 },
  periodSeconds: { minimum: 1, maximum: 240, fallback: 10 },
  timeoutSeconds: { minimum: 1, maximum: 240 },
  failureThreshold: { minimum: 1, maximum: 1000, fallback: 3 },
  memory: { minimum: 1, maximum: 32_768 },
  /** What a container may write is bounded by the project's LimitRange. */
  disk: { minimum: 1, maximum: 1024 },
} as const;

export const CONTAINER_LIMITS = { files: 50, volumes: 10, volumeName: 40, pathCharacters: 512 } as const;
