import { REQUEST_HEADERS, type RouteBackend } from '#libs/domain';
import type { Message } from './proto.js';
import { any } from './proto.js';

const RETRY = 'envoy.extensions.retry.';
/** Nothing of the request was taken, so no instance can have seen it. */
const NEVER_TAKEN = 'connect-failure,refused-stream,reset-before-request';

/** The ingress says that no instance saw the request: it knows the host no more or not yet, or could start none. */
const NOT_REACHED = 'retriable-headers';

/** Whether a request that fails at one door can go to another. */
export function hasChoice({ doors }: RouteBackend): boolean {
  return doors.length > 1;
}

/** Only what no instance can have seen is tried again: a request is never executed twice (D4), but see replayed. */
export function retryPolicy(failover: boolean): Message {
  return {
    retry_on: failover ? `${NEVER_TAKEN},${NOT_REACHED}` : NEVER_TAKEN,
    num_retries: { value: 4 },
    retry_back_off: { base_interval: { nanos: 25_000_000 }, max_interval: { nanos: 500_000_000 } },
    ...(failover ? ELSEWHERE : {}),
  };
}

const ELSEWHERE: Message = {
  retriable_headers: [{ name: REQUEST_HEADERS.notReached, present_match: true }],
  retry_priority: {
    name: 'envoy.retry_priorities.previous_priorities',
    typed_config: any(`${RETRY}priority.previous_priorities.v3.PreviousPrioritiesConfig`, {
      update_frequency: 1,
    }),
  },
  retry_host_predicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: any(`${RETRY}host.previous_hosts.v3.PreviousHostsPredicate`, {}),
    },
  ],
  host_selection_retry_max_attempts: 3,
};

/** Methods that mean the same when they are done twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT = {
  name: ':method',
  string_match: { safe_regex: { regex: 'GET|HEAD|OPTIONS|TRACE|PUT|DELETE' } },
};

/**
 * The same route for requests that may be done twice, where there is another cluster to do it: once more, at another
 * door, also when this one broke off before anything was answered.
 */
export function replayed(route: Message): Message {
  const { match, route: action, ...rest } = route as { match: Message; route: Message };
  const retry_policy = {
    ...retryPolicy(true),
    retry_on: `${NEVER_TAKEN},${NOT_REACHED},reset`,
    num_retries: { value: 1 },
  };
  return { ...rest, match: { ...match, headers: [IDEMPOTENT] }, route: { ...action, retry_policy } };
}
