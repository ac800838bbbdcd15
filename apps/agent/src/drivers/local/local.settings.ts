import { z } from 'zod';

/** How the local runtime behaves. Times in ms. */
export interface LocalSettings {
  /** Own folder of the driver: records of instances, homes, marks of ready revisions. */
  dataDir: string;
  /** 0 = the former port if it is free, else any. */
  ingressPort: number;
  /** Stable window of the autoscaler, from 6 s. */
  scaleWindowMs: number;
  tickMs: number;
  startTimeoutMs: number;
  probeIntervalMs: number;
  /** Between SIGTERM and SIGKILL. */
  stopGraceMs: number;
  /** How long `stop` waits for requests in flight. */
  drainMs: number;
  /** Requests that may wait for a place in an instance, for each revision. */
  queueLimit: number;
  queueTimeoutMs: number;
  memorySampleMs: number;
  /** Back-off after the n-th failure in a row: base, doubled each time, up to max. */
  backoffBaseMs: number;
  backoffMaxMs: number;
  /** An instance that lived this long counts as a good one. */
  settleMs: number;
  /** How often a revision that was never ready is started before it is given up. */
  startAttempts: number;
  maxLineLength: number;
}

/** Names of the environment that set the local runtime. */
export const localConfig = {
  TOWPATH_INGRESS_PORT: z.coerce.number().int().min(0).max(65535).default(0),
  TOWPATH_SCALE_WINDOW_SECONDS: z.coerce.number().int().min(6).max(3600).default(60),
  TOWPATH_START_TIMEOUT_SECONDS: z.coerce.number().int().min(1).max(3600).default(60),
  TOWPATH_STOP_GRACE_SECONDS: z.coerce.number().int().min(0).max(600).default(10),
};

export type LocalConfig = { [K in keyof typeof localConfig]: z.infer<(typeof localConfig)[K]> };

export function localSettings(config: LocalConfig, dataDir: string): LocalSettings {
  return {
    dataDir,
    ingressPort: config.TOWPATH_INGRESS_PORT,
    scaleWindowMs: config.TOWPATH_SCALE_WINDOW_SECONDS * 1000,
    tickMs: 1000,
    startTimeoutMs: config.TOWPATH_START_TIMEOUT_SECONDS * 1000,
    probeIntervalMs: 25,
    stopGraceMs: config.TOWPATH_STOP_GRACE_SECONDS * 1000,
    drainMs: 10_000,
    queueLimit: 1000,
    queueTimeoutMs: 60_000,
    memorySampleMs: 1000,
    backoffBaseMs: 1000,
    backoffMaxMs: 60_000,
    settleMs: 10_000,
    startAttempts: 3,
    maxLineLength: 16_384,
  };
}
