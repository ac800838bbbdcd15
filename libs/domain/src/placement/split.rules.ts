import type { Violation } from '../error.js';
import { LATEST } from '../service/service.names.js';
import type { TrafficTarget } from '../service/service.types.js';
import type { SplitLine } from './placement.types.js';
import type { Standing } from './readiness.rules.js';

export interface SplitQuestion {
  /** What the customer asked for. */
  traffic: readonly TrafficTarget[];
  /** Names of revisions that exist. */
  exists: ReadonlySet<string>;
  /** The newest revision that ever was ready. */
  latestReady: string | undefined;
  /** Revisions that take traffic or have a tag now; they may keep it whatever the reports say. */
  inForce: ReadonlySet<string>;
  standing: (revision: string) => Standing;
}

/** Either the split to put in force, or what it waits for, or why it can never be. */
export type SplitAnswer =
  | { kind: 'split'; lines: SplitLine[] }
  | { kind: 'waits'; revisions: string[] }
  | { kind: 'refused'; violations: Violation[] };

/** Resolves `latest` and takes over a split whole or not at all: every line's revision must be able to serve. */
export function resolveSplit(question: SplitQuestion): SplitAnswer {
  const lines = question.traffic.map((line) => ({ ...line, revision: resolved(line.revision, question) }));
  const violations = lines.flatMap((line, index) => problemOf(line, index, question));
  if (violations.length > 0) return { kind: 'refused', violations };
  const waiting = lines.map((line) => line.revision).filter((revision) => !canServe(revision, question));
  if (waiting.length > 0) return { kind: 'waits', revisions: [...new Set(waiting)] };
  return { kind: 'split', lines };
}

function resolved(revision: string, { latestReady }: SplitQuestion): string {
  return revision === LATEST && latestReady !== undefined ? latestReady : revision;
}

function canServe(revision: string, { inForce, standing }: SplitQuestion): boolean {
  return revision !== LATEST && (inForce.has(revision) || standing(revision) === 'ready');
}

function problemOf(line: SplitLine, index: number, question: SplitQuestion): Violation[] {
  const { revision } = line;
  if (revision === LATEST || canServe(revision, question)) return [];
  const field = `traffic[${index}].revision`;
  if (!question.exists.has(revision)) return [{ field, message: `there is no revision ${revision}` }];
  if (question.standing(revision) !== 'failed') return [];
  return [{ field, message: `revision ${revision} did not become ready` }];
}
