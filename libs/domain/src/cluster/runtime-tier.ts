export const RUNTIME_TIERS = ['standard', 'sandboxed'] as const;

/**
 * What instances run under: the cluster's own runtime, or one with a kernel of its own for each instance (gVisor, Kata …).
 * The operator chooses it by price plan, never the tenant.
 */
export type RuntimeTier = (typeof RUNTIME_TIERS)[number];

/** The capability of an agent whose cluster has the sandboxed tier. */
export const SANDBOXED = 'sandboxed';
