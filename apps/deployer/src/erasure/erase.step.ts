import type { Bus } from '#libs/bus';
import type { Clock, Erasure, Random, StepProgress } from '#libs/domain';
import type { Logger } from '#libs/process';
import type { Database, FolderBlobs, Lease, LeasedTx } from '#libs/store';

export interface EraserParts {
  db: Database;
  bus: Bus;
  blobs: FolderBlobs;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** The lease under which this replica may work on an organization. */
  holding: (organizationId: string) => Lease | undefined;
}

/** Does what lies outside the rows, then gives what is left to do in the transaction that keeps the progress. */
export type EraseStep = (
  parts: EraserParts,
  erasure: Erasure,
) => Promise<(tx: LeasedTx) => Promise<StepProgress>>;
