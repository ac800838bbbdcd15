import type { Bus } from '#libs/bus';
import type { Clock } from '#libs/domain';
import type { Logger } from '#libs/process';
import type { Database, FolderBlobs, Lease } from '#libs/store';

export interface SweepParts {
  db: Database;
  bus: Bus;
  blobs: FolderBlobs;
  clock: Clock;
  logger: Logger;
  /** The lease of what only one replica does. */
  holding: (name: string) => Lease | undefined;
}

/** What is younger may be about to be referred to: by a deploy, or by a build whose report is on its way. */
export const GRACE_MS = 24 * 3_600_000;
/** Things removed in one round at most, of each kind. */
export const MOST = 1_000;
