import type { BuildStatus } from '#libs/bus';
import type { Build, PublicError } from '#libs/domain';

/** A build after its builder said how it goes; the same object when that is nothing new. One that ended stays as it ended. */
export function toldBuild(build: Build, report: BuildStatus, now: number): Build {
  if (build.finishedAt !== undefined || report.phase === build.status) return build;
  if (report.phase === 'running') return { ...build, status: 'running' };
  if (report.phase === 'succeeded' && report.imageDigest !== undefined) {
    return { ...build, status: 'succeeded', imageDigest: report.imageDigest, finishedAt: now };
  }
  return { ...build, status: 'failed', error: buildError(report), finishedAt: now };
}

function buildError({ error }: BuildStatus): PublicError {
  return {
    code: 'BUILD_FAILED',
    message: error?.message ?? 'The builder reported no cause.',
    violations: error?.violations ?? [{ field: 'template.source', message: 'could not be built' }],
    nextStep: error?.nextStep ?? 'Read the build output of the operation, correct the source, deploy again.',
  };
}
