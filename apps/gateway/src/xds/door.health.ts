import type { Protocol } from '#libs/domain';
import type { Message } from './proto.js';

/** A name that no customer has: the ingress answers it itself, so nothing of anybody's is woken or billed. */
const CANARY_HOST = 'canary.towpath.internal';

/**
 * How Envoy knows which of several doors to avoid. The canary asks the cluster's ingress through its door; the other is
 * how the requests of this service fare: five in a row without an answer. What a program answers, 5xx too, says nothing
 * about its cluster. Connections to a machine that went break off, so that the requests that wait there can be sent elsewhere.
 */
export function healthOf(protocol: Protocol): Message {
  return {
    health_checks: [canary(protocol)],
    outlier_detection: NO_ANSWERS,
    upstream_connection_options: { tcp_keepalive: KEEPALIVE },
    upstream_bind_config: { socket_options: [USER_TIMEOUT] },
    // Less than 1 % is none at all: where all look lost each is asked, for a slow one looks like a lost one.
    common_lb_config: { healthy_panic_threshold: { value: 1 } },
  };
}

/** Away within 2 x (1 s + 2 s); back at the second good answer. */
function canary(protocol: Protocol): Message {
  return {
    interval: { seconds: 1 },
    no_traffic_interval: { seconds: 5 },
    timeout: { seconds: 2 },
    unhealthy_threshold: { value: 2 },
    healthy_threshold: { value: 2 },
    http_health_check: {
      host: CANARY_HOST,
      path: '/',
      // whatever the ingress says of a host it does not know; 5xx is a door whose ingress is away
      expected_statuses: [{ start: 200, end: 500 }],
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
