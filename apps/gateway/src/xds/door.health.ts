import type { Protocol, RouteDoor } from '#libs/domain';
import type { Message } from './proto.js';

/** What a door is asked again and again, and which answers are good. */
interface Question {
  host: string;
  headers: Record<string, string>;
  /** Statuses from `start` to before `end`. */
  good: { start: number; end: number };
}

/** A name that no customer has: the ingress answers it itself, 404, so nothing of anybody's is woken or billed. */
const CANARY: Question = { host: 'canary.towpath.internal', headers: {}, good: { start: 200, end: 500 } };

/**
 * Knative's own question, which its activator or sidecar answers: it goes the way of a request as far as an instance, or to
 * what would wake one, reaches no program, wakes nothing and is not counted. What the ingress answers itself is not 200:
 * it knows no such host, or nobody behind it takes the request, as for a minute after a cluster got its power back.
 */
const knativeProbe = (host: string): Question => ({
  host,
  headers: { 'k-network-probe': 'probe', 'k-network-hash': 'towpath' },
  good: { start: 200, end: 201 },
});

/** Doors with certificates are those of Knative clusters; behind any other a program would see Knative's question. */
export function questionOf(doors: readonly RouteDoor[], host: string): Question {
  return doors.every(({ door }) => door.secure) ? knativeProbe(host) : CANARY;
}

/**
 * How Envoy knows which of several doors to avoid: by the answers to the question, which goes through the door to the
 * cluster's ingress, and by how requests fare: five in a row without an answer. What a program answers, 5xx too, says
 * nothing about its cluster. Connections to a machine that went break off, so that the requests that wait there can be
 * sent elsewhere.
 */
export function healthOf(protocol: Protocol, question: Question): Message {
  return {
    health_checks: [check(protocol, question)],
    outlier_detection: NO_ANSWERS,
    upstream_connection_options: { tcp_keepalive: KEEPALIVE },
    upstream_bind_config: { socket_options: [USER_TIMEOUT] },
    // Less than 1 % is none at all: where all look lost each is asked, for a slow one looks like a lost one.
    common_lb_config: { healthy_panic_threshold: { value: 1 } },
  };
}

/** Away within 2 x (1 s + 2 s); back at the second good answer. */
function check(protocol: Protocol, { host, headers, good }: Question): Message {
  return {
    interval: { seconds: 1 },
    no_traffic_interval: { seconds: 5 },
    timeout: { seconds: 2 },
    unhealthy_threshold: { value: 2 },
    healthy_threshold: { value: 2 },
    http_health_check: {
      host,
      path: '/',
      request_headers_to_add: Object.entries(headers).map(([key, value]) => ({
        header: { key, value },
        append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
      })),
      expected_statuses: [good],
      codec_client_type: protocol === 'h2c' ? 'HTTP2' : 'HTTP1',
    },
  };
}

/** A machine without power says nothing: after 2 s of silence it is asked every second, until USER_TIMEOUT. */
const KEEPALIVE = {
  keepalive_time: { value: 2 },
  keepalive_interval: { value: 1 },
  keepalive_probes: { value: 3 },
};

/**
 * TCP_USER_TIMEOUT: so long nothing is heard of what was sent or asked, then the connection breaks off; Linux would send again
 * for a quarter of an hour, for keepalive asks only where nothing is on its way. Not sooner, for Linux breaks off as well
 * what a living program takes nothing of for so long (tcp_probe_timer), an upload say.
 */
const USER_TIMEOUT = { level: 6, name: 18, int_value: 10_000, state: 'STATE_PREBIND' };

const off = { value: 0 };

const NO_ANSWERS: Message = {
  split_external_local_origin_errors: true,
  consecutive_local_origin_failure: { value: 5 },
  enforcing_consecutive_local_origin_failure: { value: 100 },
  enforcing_consecutive_5xx: off,
  enforcing_consecutive_gateway_failure: off,
  enforcing_success_rate: off,
  enforcing_local_origin_success_rate: off,
  interval: { seconds: 1 },
  base_ejection_time: { seconds: 10 },
  max_ejection_time: { seconds: 60 },
  // one of two: a service that answers nowhere is nobody's fault but its own
  max_ejection_percent: { value: 50 },
};
