import type { Build } from '../build/build.types.js';
import type { PublicError } from '../error.js';
import { LONGEST_BUILD_MS } from './build.time.js';

/** How long after a cluster was asked for a build (ms) its end is waited for: a day in line behind others, and its longest time. */
export const BUILD_PATIENCE_MS = 24 * 3_600_000 + LONGEST_BUILD_MS;

/** A build as the hub ends it, of which no end will be heard; the same object when it has ended. */
export function lostBuild(build: Build, isClusterGone: boolean, now: number): Build {
  if (build.finishedAt !== undefined) return build;
  return { ...build, status: 'failed', error: isClusterGone ? GONE : SILENT, finishedAt: now };
}

/** Whether the hub has ended it: whatever is heard of it later changes nothing, and costs nothing. */
export function isLostBuild({ error }: Pick<Build, 'error'>): boolean {
  return error?.code === GONE.code || error?.code === SILENT.code;
}

const GONE = {
  code: 'UNAVAILABLE',
  message: 'The cluster that was asked to build the source has left the installation.',
  violations: [{ field: 'template.source', message: 'was not built' }],
  nextStep: 'Upload the source again and deploy it: another cluster builds it.',
} satisfies PublicError;

const SILENT = {
  code: 'DEADLINE_EXCEEDED',
  message: 'The cluster that was asked to build the source has said no end of it for more than a day.',
  violations: [{ field: 'template.source', message: 'was not built' }],
  nextStep:
    'Upload the source again and deploy it. When that ends the same way, ask the operator of the installation.',
} satisfies PublicError;
