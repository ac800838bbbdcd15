import type { BuildStatus } from '#libs/bus';
import { billableBuild } from '#libs/domain';
import { findAskedBuild, storeBuildTime, type Database } from '#libs/store';

/** Keeps how long builds took, from what their agents report. A report may be heard any number of times, by any replica. */
export class BuildBoard {
  constructor(private readonly db: Database) {}

  /**
   * Takes a report, of the time at which the server stored it.
   * @returns whose build it is; undefined for one that the cluster was not asked for
   */
  async take(
    clusterId: string,
    buildId: string,
    { phase, error, startedAt, endedAt }: BuildStatus,
    storedAt: number,
  ): Promise<string | undefined> {
    return this.db.asSystem(async (tx) => {
      const build = await findAskedBuild(tx, buildId, clusterId);
      if (!build) return undefined;
      const { createdAt, ...of } = build;
      const ended = { phase, code: error?.code, startedAt, endedAt };
      const span = billableBuild(ended, { startMs: createdAt, endMs: storedAt });
      if (span) await storeBuildTime(tx, { ...of, ...span });
      return build.serviceId;
    });
  }
}
