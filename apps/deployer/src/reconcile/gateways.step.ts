import type { GatewayStatus } from '#libs/bus';
import { isLive } from '#libs/domain';
import type { Draft } from './draft.js';
import { ownRoutes } from './own.routes.js';

const LOOK_AGAIN_MS = 1_000;

/** Owns RoutesReady: every live gateway's Envoy must have acknowledged the last write of the service's routes. */
export function gatewaysStep(draft: Draft): void {
  const sequence = shownUpTo(draft);
  if (sequence === undefined) {
    draft.say('RoutesPending');
    return draft.state('gateways', 'running', 'The routes are being published.');
  }
  const live = draft.seen.gateways.filter((gateway) => isLive(gateway.sentAt, draft.now));
  const behind = live
    .filter((gateway) => !hasAcknowledged(draft, gateway, sequence))
    .map((gateway) => gateway.gatewayId);
  if (live.length === 0) return lag(draft, 'No gateway answers now.');
  const refusing = live.filter((gateway) => refuses(draft, gateway)).map((gateway) => gateway.gatewayId);
  if (refusing.length > 0) return rejected(draft, refusing);
  if (behind.length > 0) return lag(draft, `Not yet served by ${behind.join(', ')}.`);
  sayServed(draft);
  draft.state('gateways', 'succeeded', `Served by ${live.length} gateway${live.length === 1 ? '' : 's'}.`);
}

/** Gateways that answer and do not serve the present routes yet. */
export function routesAreServed(draft: Draft): boolean {
  const sequence = shownUpTo(draft);
  const { gateways } = draft.seen;
  return (
    sequence !== undefined &&
    gateways.every(
      (gateway) =>
        (hasAcknowledged(draft, gateway, sequence) && !refuses(draft, gateway)) ||
        !isLive(gateway.sentAt, draft.now),
    )
  );
}

/** The sequence of the last write of a route of the service; undefined while one is not shown as its row says. */
function shownUpTo(draft: Draft): number | undefined {
  let last = 0;
  for (const route of ownRoutes(draft)) {
    const shown = draft.seen.shownRoutes.get(route.host);
    if (shown?.value.version !== route.version) return undefined;
    last = Math.max(last, shown.sequence);
  }
  return last;
}

/** A sequence of a bucket that was lost or put back since says nothing of the one that is there now. */
function hasAcknowledged(draft: Draft, { mark, acknowledged }: GatewayStatus, sequence: number): boolean {
  return acknowledged >= sequence && (mark === undefined || mark === draft.seen.routesMark);
}

/** Whether the gateway's Envoy will not take a route of the service as it is shown now. */
function refuses(draft: Draft, { rejected: hosts = [] }: GatewayStatus): boolean {
  return ownRoutes(draft).some((route) => {
    const sequence = draft.seen.shownRoutes.get(route.host)?.sequence;
    return hosts.some((one) => one.host === route.host && one.sequence === sequence);
  });
}

function rejected(draft: Draft, by: string[]): void {
  const message = `The new routes were refused by ${by.join(', ')}; there the former ones go on.`;
  draft.say('RoutesRejected', { message });
  draft.state('gateways', 'failed', message, {
    code: 'INTERNAL',
    message,
    nextStep: 'Tell the operator of this installation: the log of that gateway says why.',
  });
}

function sayServed(draft: Draft): void {
  if (draft.split.length > 0) return draft.say('RoutesServed');
  const hopeless = draft.conditions.some(({ status }) => status === 'false');
  draft.say(hopeless ? 'NoReadyRevision' : 'RoutesPending');
}

function lag(draft: Draft, message: string): void {
  draft.wakeIn(LOOK_AGAIN_MS);
  draft.say('GatewaysLag', { message });
  draft.state('gateways', 'running', message);
}
