import type { Route, RouteBackend } from '#libs/domain';
import { REQUEST_HEADERS } from '#libs/domain';
import { LOWER_CASE_FILTER } from '../envoy/connection-manager.js';
import { PERMIT_OVER, admissionOnly } from '../envoy/admission.filter.js';
import { callersOnly } from '../envoy/callers.filter.js';
import { permitOnly } from '../envoy/permit.filter.js';
import type { Permit } from '../envoy/permit.filter.js';
import { NO_REVISION, SUSPENDED } from '../envoy/refusals.js';
import type { Refusal } from '../envoy/refusals.js';
import { doorGroupOf } from './door.cluster.js';
import type { Message } from './proto.js';
import { any } from './proto.js';
import { hasChoice, replayed, retryPolicy } from './retry.policy.js';

/** Backends that can be asked: a share of the traffic and at least one door. */
export function liveBackends(route: Route): RouteBackend[] {
  if (route.deleted || route.refusal) return [];
  return route.backends.filter(({ percent, doors }) => percent > 0 && doors.length > 0);
}

const FILTER_SWITCH = 'envoy.config.route.v3.FilterConfig';

/** What to ask about at a host of an organization with a cap while nothing else is known. */
const NO_PERMIT: Permit = { id: '', requests: 0 };

/** One host as Envoy serves it: a scope of its own, so that its change touches no other host. */
export function scopeMessage(route: Route, permit = NO_PERMIT): Message {
  return {
    name: route.host,
    key: { fragments: [{ string_key: route.host }] },
    route_configuration: {
      name: route.host,
      virtual_hosts: [
        {
          name: route.host,
          domains: ['*'],
          routes: routesOf(route, permit),
          typed_per_filter_config: filtersOf(route, permit),
          ...(route.capped ? { request_headers_to_remove: [PERMIT_OVER] } : {}),
        },
      ],
    },
  };
}

/** A host whose audience is not told (an older hub's) lets nobody in. */
function filtersOf(route: Route, permit: Permit): Message {
  const { access, audience = '', capped } = route;
  const known = { [LOWER_CASE_FILTER]: any(FILTER_SWITCH, { disabled: true }) };
  if (route.refusal) return known;
  return {
    ...known,
    ...(access === 'private' ? callersOnly(audience) : {}),
    ...(capped && liveBackends(route).length > 0 ? admissionOf(permit) : {}),
  };
}

function admissionOf(permit: Permit): Message {
  return permit.requests > 0 ? permitOnly(permit) : admissionOnly();
}

function routesOf(route: Route, permit: Permit): Message[] {
  const backends = liveBackends(route);
  if (route.refusal) return [refusal(route, SUSPENDED)];
  if (backends.length === 0) return [refusal(route, NO_REVISION)];
  const timeouts = new Set(backends.map(({ timeoutSeconds }) => timeoutSeconds));
  const routes =
    timeouts.size === 1 ? [weighted(route, backends, permit)] : oneByOne(route, backends, permit);
  return backends.some(hasChoice) ? routes.flatMap((one) => [replayed(one), one]) : routes;
}

/** The usual case: Envoy draws one of the revisions by its percent. */
function weighted(route: Route, backends: RouteBackend[], permit: Permit): Message {
  const [first] = backends as [RouteBackend, ...RouteBackend[]];
  const clusters = backends.map((backend) => ({
    name: doorGroupOf(backend).name,
    weight: { value: backend.percent },
    ...choiceOf(backend),
  }));
  return {
    match: { prefix: '/' },
    metadata: metadataOf(route, permit),
    route: { weighted_clusters: { clusters }, ...actionOf(first.timeoutSeconds, backends) },
  };
}

const MILLION = 1_000_000;

/**
 * Revisions with different timeouts: a time limit belongs to a route, not to a weighted cluster. Envoy matches every
 * route of one request against the same random number, so the shares are given cumulatively.
 */
function oneByOne(route: Route, backends: RouteBackend[], permit: Permit): Message[] {
  const total = backends.reduce((sum, { percent }) => sum + percent, 0);
  let reached = 0;
  return backends.map((backend) => {
    reached += backend.percent;
    const { request_headers_to_add, ...rewrite } = choiceOf(backend);
    return {
      match: {
        prefix: '/',
        runtime_fraction: {
          default_value: { numerator: Math.round((reached / total) * MILLION), denominator: 'MILLION' },
        },
      },
      metadata: metadataOf(route, permit),
      request_headers_to_add,
      route: {
        weighted_clusters: {
          clusters: [{ name: doorGroupOf(backend).name, weight: { value: 1 }, ...rewrite }],
        },
        ...actionOf(backend.timeoutSeconds, [backend]),
      },
    };
  });
}

/** How the ingress and the access log learn which revision was chosen. */
function choiceOf(backend: RouteBackend): Message & { request_headers_to_add: Message[] } {
  return {
    host_rewrite_literal: backend.host,
    request_headers_to_add: [
      {
        header: { key: REQUEST_HEADERS.revision, value: backend.revisionId },
        append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
      },
    ],
  };
}

/** The limit of a stream waits a moment longer: it is logged without a status, the response timeout as a 504. */
const STREAM_GRACE_SECONDS = 1;

/**
 * The response timeout counts from the end of the request, so it binds no upload, gRPC stream or WebSocket; the limit of
 * the whole stream binds them all.
 */
function actionOf(timeoutSeconds: number, backends: RouteBackend[]): Message {
  return {
    timeout: { seconds: timeoutSeconds },
    idle_timeout: { seconds: 0 },
    max_stream_duration: { max_stream_duration: { seconds: timeoutSeconds + STREAM_GRACE_SECONDS } },
    retry_policy: retryPolicy(backends.some(hasChoice)),
  };
}

function refusal(route: Route, { status, code, message, nextStep }: Refusal): Message {
  return {
    match: { prefix: '/' },
    metadata: metadataOf(route, NO_PERMIT, { code, next_step: nextStep }),
    direct_response: { status, body: { inline_string: message } },
  };
}

/** Ids for the usage record, with that of the permit where there is one; and for a refusal what its body says. */
function metadataOf(route: Route, permit: Permit, more: Record<string, string> = {}): Message {
  const { organizationId, projectId, serviceId, capped } = route;
  const permitted = capped && permit.id !== '' ? [permit.id] : [];
  const texts = {
    ids: [organizationId, projectId, serviceId, ...permitted].join(' '),
    ...more,
  };
  const fields = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, { stringValue: text }]));
  return { filter_metadata: { towpath: { fields } } };
}
