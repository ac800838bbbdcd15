import type { Digest } from '#libs/domain';
import type { BuildOutput } from '../builds/builder.js';
import type { Driver } from './driver.js';

/** What an agent is built around: how revisions run, and what becomes of images. */
export interface Runtime {
  driver: Driver;
  buildOutput: BuildOutput;
  /** Removes images from this machine that no target names. */
  sweepImages: (inUse: () => ReadonlySet<Digest>) => Promise<void>;
  /** What this runtime can do besides running what was built for it (BUILDER, CONTAINERS of the domain). */
  capabilities: () => string[];
}
