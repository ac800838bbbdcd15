import { compareVersions, failOperation, same } from '#libs/domain';
import type { PublicError, Route, Target } from '#libs/domain';
import type { Draft } from './draft.js';
import type { Seen } from './seen.js';

const HELD: PublicError = {
  code: 'FAILED_PRECONDITION',
  message: 'The hub was restored from an older copy, and clusters run a newer state of this service.',
  nextStep: 'Ask the platform operator: `tow admin held` lists such services and releases them.',
};

/**
 * Whether clusters or gateways hold something newer and other than the rows say. Rows are written first, so this means
 * that they were put back to an older copy: going on would revert the service, which takes an operator's word.
 */
export function isHeld(seen: Seen): boolean {
  const { records } = seen;
  if (records.held?.released === true) return false;
  // A delete is a word of its own: rows never come back from it.
  if (records.service.deletedAt !== undefined) return false;
  return records.targets.some(({ target }) => isTargetAhead(target, seen)) || hostsAhead(seen).length > 0;
}

function isTargetAhead(target: Target, { shownTargets, reports }: Seen): boolean {
  const shown = shownTargets.get(target.clusterId)?.value;
  const newest = shown && compareVersions(shown, target) > 0 ? shown : target;
  const report = reports.get(target.clusterId);
  const isReported = report !== undefined && compareVersions(report, newest) > 0;
  return isReported || !same(bodyOf(newest), bodyOf(target));
}

function bodyOf({
  generation: _generation,
  epoch: _epoch,
  ...body
}: Target): Omit<Target, 'generation' | 'epoch'> {
  return body;
}

/** Hosts that gateways are shown otherwise, and later, than the rows say; also one that another service holds. */
function hostsAhead({ records, shownRoutes }: Seen): string[] {
  return [...shownRoutes].flatMap(([host, { value }]) => {
    const row = records.routes.find((route) => route.host === host);
    if (row === undefined) return value.deleted === true ? [] : [host];
    return value.version > row.version && !same(routeBody(value), routeBody(row)) ? [host] : [];
  });
}

function routeBody({ version: _version, ...body }: Route): Omit<Route, 'version'> {
  return body;
}

/** What a held service gets: its condition, and an honest end of what was asked for. */
export function holdStep(draft: Draft): void {
  draft.say('HeldBack', { nextStep: HELD.nextStep ?? '' });
  draft.operations = draft.operations.map((operation) => failOperation(operation, HELD, draft.now));
}
