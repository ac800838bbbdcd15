import { resolveSplit, same, standingOf } from '#libs/domain';
import type { PublicError, SplitLine, Violation } from '#libs/domain';
import type { Draft } from './draft.js';

/** Decides the split in force: the one asked for, whole, as soon as every revision in it can serve; till then the old. */
export function trafficStep(draft: Draft): void {
  const answer = resolveSplit({
    traffic: draft.service.traffic,
    exists: new Set(draft.revisions.map((revision) => revision.name)),
    latestReady: draft.latestReady,
    inForce: new Set(draft.split.map((line) => line.revision)),
    standing: (revision) => standingOf(revision, draft.targets),
  });
  if (answer.kind === 'refused') return refuse(draft, answer.violations);
  if (answer.kind === 'waits') {
    const error = answer.revisions
      .map((revision) => draft.unfit.get(revision))
      .find((one) => one !== undefined);
    const message = `Waits until ${answer.revisions.join(', ')} can serve.`;
    return draft.state('traffic', 'running', error ? `${message} ${error.message}` : message, error);
  }
  if (!same(answer.lines, draft.split)) take(draft, answer.lines);
  draft.state('traffic', 'succeeded', describe(draft.split));
}

/** Notes on every revision that gains or loses traffic that it serves, or served till now. */
function take(draft: Draft, lines: SplitLine[]): void {
  const before = serving(draft.split);
  const after = serving(lines);
  draft.split = lines;
  draft.revisions = draft.revisions.map((revision) =>
    before.has(revision.name) === after.has(revision.name) ? revision : { ...revision, servedAt: draft.now },
  );
}

/** Names of the revisions that take traffic. */
export function serving(lines: readonly SplitLine[]): Set<string> {
  return new Set(lines.filter((line) => line.percent > 0).map((line) => line.revision));
}

function describe(lines: readonly SplitLine[]): string {
  const parts = lines.filter((line) => line.percent > 0).map((line) => `${line.percent} % ${line.revision}`);
  return `The split is ${parts.join(', ')}.`;
}

function refuse(draft: Draft, violations: Violation[]): void {
  const error: PublicError = {
    code: 'FAILED_PRECONDITION',
    message: `The split cannot be served: ${violations.map(({ message }) => message).join('; ')}.`,
    violations,
    nextStep: 'Name revisions that are ready (tow revisions list), or "latest".',
  };
  draft.state('traffic', 'failed', error.message, error);
}
