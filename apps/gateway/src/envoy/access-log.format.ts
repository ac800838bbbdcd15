import { REQUEST_HEADERS } from '#libs/domain';

/**
 * Fields of one line of Envoy's access log (JSON, flushed at once, D5). Absent values are null. What is read from it
 * is in usage/access-log.line.ts; the two must change together.
 */
export const ACCESS_LOG_FORMAT = {
  /** DownstreamEnd, or DownstreamPeriodic for a report of an open stream. */
  type: '%ACCESS_LOG_TYPE%',
  /** Start and time of this line, seconds with microseconds. */
  start: '%START_TIME(%s.%6f)%',
  emitted: '%EMIT_TIME(%s.%6f)%',
  /** Monotonic; null for WebSockets and for callers who went away. */
  nanos: '%COMMON_DURATION(DS_RX_BEG:DS_TX_END:ns)%',
  /** Monotonic ms until now, for open streams. */
  millis: '%DURATION%',
  first_micros: '%COMMON_DURATION(DS_RX_BEG:US_RX_BEG:us)%',
  stream: '%STREAM_ID%',
  received: '%BYTES_RECEIVED%',
  sent: '%BYTES_SENT%',
  status: '%RESPONSE_CODE%',
  flags: '%RESPONSE_FLAGS%',
  attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
  /** Organization, project and service, and the permit of a host that has one: one look-up instead of three on every request. */
  ids: '%METADATA(ROUTE:towpath:ids)%',
  revision: `%REQ(${REQUEST_HEADERS.revision})%`,
  cluster: '%METADATA(UPSTREAM_HOST:towpath:cluster)%',
  upstream: '%UPSTREAM_HOST%',
  not_reached: '%DYNAMIC_METADATA(towpath:not_reached)%',
  method: '%REQ(:METHOD):16%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH):2048%',
  agent: '%REQ(USER-AGENT):256%',
  address: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
  trace: '%REQ(TRACEPARENT):64%',
} as const;
