import type { Id } from '#libs/domain';
import { writePrivately } from './private.file.js';

/** What the first run hands to whoever started it; readable by its owner only. */
export interface Bootstrap {
  /** The platform operator's API key. */
  operatorKey: string;
  organizationId: Id<'org'>;
  /** Handle of the first project. */
  project: string;
  /** The cluster of the local runtime. */
  clusterId: Id<'cls'>;
  /** One-time tokens for the local agent and gateway. */
  joinTokens: { agent: string; gateway: string };
}

/** Writes the file whole or not at all, and returns when the disk has it. */
export function writeBootstrap(file: string, bootstrap: Bootstrap): Promise<void> {
  return writePrivately(file, `${JSON.stringify(bootstrap, null, 2)}\n`);
}
