import type { BuildStatus } from '#libs/bus';
import { billableBuild, isLostBuild } from '#libs/domain';
import { endBuild, lockAskedBuild, saveBuild, storeBuildTime, type Database } from '#libs/store';
import { toldBuild } from '../reconcile/told.build.js';

/**
 * Keeps how builds ended and how long they took, from what their agents report: also of those that a newer upload overtook or whose
 * service was deleted, which no pass looks at any more. A report may be heard any number of times, by any replica.
 */
export class BuildBoard {
  constructor(private readonly db: Database) {}

  /**
   * Takes a report, of the time at which the server stored it.
   * @returns whose build it is; undefined for one that the cluster was not asked for
   */
  async take(
    clusterId: string,
    buildId: string,
    report: BuildStatus,
    storedAt: number,
  ): Promise<string | undefined> {
    return this.db.asSystem(async (tx) => {
      const build = await lockAskedBuild(tx, buildId, clusterId);
      if (!build) return undefined;
      if (isLostBuild(build)) return build.serviceId;
      const told = toldBuild(build, report, storedAt);
      if (told !== build) await saveBuild(tx, told);
      const { phase, error, startedAt, endedAt } = report;
      const ended = { phase, code: error?.code, startedAt, endedAt };
      const span = billableBuild(ended, { startMs: build.createdAt, endMs: storedAt });
      const { organizationId, projectId, serviceId } = build;
      if (span)
        await storeBuildTime(tx, { buildId, organizationId, projectId, serviceId, clusterId, ...span });
      if (phase !== 'running') await endBuild(tx, build);
      return serviceId;
    });
  }
}
