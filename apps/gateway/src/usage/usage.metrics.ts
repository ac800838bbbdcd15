import type { Metrics } from '#libs/process';

/** How metering goes. A growing lag means that the hub is away; skipped lines mean a bug or a damaged disk. */
export function usageMetrics(metrics: Metrics) {
  return {
    records: metrics.counter('towpath_gateway_usage_records_total', 'Usage records stored by JetStream'),
    skipped: metrics.counter(
      'towpath_gateway_usage_lines_skipped_total',
      'Lines of the access log that could not be read',
    ),
    logRowsDropped: metrics.counter(
      'towpath_gateway_request_log_rows_dropped_total',
      'Rows of the request log that were dropped',
      ['reason'],
    ),
    lagBytes: metrics.gauge(
      'towpath_gateway_usage_lag_bytes',
      'Bytes of the access log that are not shipped yet',
    ),
    openStreams: metrics.gauge('towpath_gateway_open_streams', 'Streams reported as open and not ended yet'),
  };
}

export type UsageMetrics = ReturnType<typeof usageMetrics>;
