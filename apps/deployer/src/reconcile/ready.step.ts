import { REVISION_READY, STARTING, foldReady, reportedInstances, same, withCondition } from '#libs/domain';
import type { Condition, PublicError, StepFact } from '#libs/domain';
import type { RevisionRecord } from '#libs/store';
import type { Draft } from './draft.js';

/** Owns RevisionReady: folds what clusters report into the revisions, and knows the newest ready one. */
export function readyStep(draft: Draft): void {
  draft.revisions = draft.revisions.map((revision) => folded(draft, revision));
  if (draft.newRevision) draft.newRevision = draft.revisions.at(-1);
  draft.latestReady = newestReady(draft);
  const newest = draft.revisions.at(-1);
  if (!newest) draft.say('RevisionPending');
  else sayStanding(draft, newest);
  const own = draft.ownRevision;
  const fact = own ? readyFact(own) : undefined;
  draft.state('ready', fact?.status ?? 'running', fact?.message ?? 'Waits for the revision.', fact?.error);
}

/** What the readiness of a revision means for an operation that waits for it. */
export function readyFact(revision: RevisionRecord): StepFact {
  const ready = readyOf(revision);
  if (ready?.status === 'true') {
    return { name: 'ready', status: 'succeeded', message: `${revision.name} is ready.` };
  }
  if (ready?.status === 'false') {
    return { name: 'ready', status: 'failed', message: ready.message, error: startError(ready) };
  }
  const wait = waitOf(ready);
  const message = wait === undefined ? `${revision.name} is starting.` : `${revision.name}: ${wait.message}`;
  return { name: 'ready', status: 'running', message };
}

export function readyOf(revision: RevisionRecord): Condition | undefined {
  return revision.status.conditions.find((condition) => condition.type === REVISION_READY);
}

function folded(draft: Draft, revision: RevisionRecord): RevisionRecord {
  const { holdings, live, now } = draft;
  const condition = foldReady(revision.name, holdings, readyOf(revision), now);
  const status = {
    conditions: withCondition(revision.status.conditions, condition),
    instances: reportedInstances(revision.name, live),
  };
  return same(status, revision.status) ? revision : { ...revision, status };
}

/** Never goes back to an older one: a revision that was ready once keeps its place (Knative's rule). */
function newestReady(draft: Draft): string | undefined {
  const before = draft.revisions.find((revision) => revision.name === draft.latestReady);
  const ready = draft.revisions.findLast((revision) => readyOf(revision)?.status === 'true');
  return (ready?.number ?? 0) > (before?.number ?? 0) ? ready?.name : draft.latestReady;
}

function sayStanding(draft: Draft, newest: RevisionRecord): void {
  const ready = readyOf(newest);
  if (ready?.status === 'true') draft.say('RevisionServes');
  else if (ready?.status === 'false') draft.say('RevisionFailed', sentenceOf(ready));
  else draft.say('RevisionStarting', waitOf(ready));
}

/** What a start waits for, where that is more than time. */
function waitOf(ready: Condition | undefined): { message: string; nextStep?: string } | undefined {
  return ready?.status === 'unknown' && ready.reason !== STARTING ? sentenceOf(ready) : undefined;
}

function sentenceOf({ message, nextStep }: Condition): { message: string; nextStep?: string } {
  return nextStep === undefined ? { message } : { message, nextStep };
}

/** The start failures that one field answers for, by their reason. */
const FIELDS: Readonly<Record<string, string>> = {
  // what listens elsewhere than on $PORT
  StartTimeout: 'template.port',
  ImageRunsAsRoot: 'template.image',
  BuildRunsAsRoot: 'template.source',
  SidecarRunsAsRoot: 'template.sidecars',
};

function startError(ready: Condition): PublicError {
  const field = FIELDS[ready.reason] ?? 'template';
  return {
    code: 'START_FAILED',
    message: ready.message,
    violations: [{ field, message: ready.reason }],
    nextStep: ready.nextStep ?? 'Read the logs of the revision (tow logs), correct the cause, deploy again.',
  };
}
