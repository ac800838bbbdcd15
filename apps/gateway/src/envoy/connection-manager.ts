import { REQUEST_HEADERS } from '#libs/domain';
import type { Message } from '../xds/proto.js';
import { ADMISSION } from './admission.filter.js';
import { ACCESS_LOG_FORMAT } from './access-log.format.js';
import { CALLER_FILTERS } from './callers.filter.js';
import { NO_PROBE } from './probe.filter.js';
import { PERMIT_FILTERS } from './permit.filter.js';
import { localReplies } from './local-replies.js';

/** Lua costs every request that it sees, so routes switch it off by this name. */
export const LOWER_CASE_FILTER = 'lower-case-host';

const TYPE = 'type.googleapis.com/';
const HTTP_FILTERS = `${TYPE}envoy.extensions.filters.http.`;

export interface ConnectionManagerOptions {
  accessLog: string;
  /** How often an open stream is reported, seconds. */
  reportSeconds: number;
}

/** How Envoy reads, cleans, routes and logs HTTP. Static: a change of it drains connections, so routes never touch it. */
export function connectionManager(options: ConnectionManagerOptions): Message {
  return {
    '@type': `${TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'gateway',
    codec_type: 'AUTO',
    scoped_routes: SCOPED_ROUTES,
    http_filters: [
      ...[NOT_REACHED, STRIP_TRAILERS, NO_PROBE, LOWER_CASE_HOST],
      ...[...CALLER_FILTERS, ...PERMIT_FILTERS, ADMISSION, ROUTER],
    ],
    early_header_mutation_extensions: [STRIP],
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    use_remote_address: true,
    forward_client_cert_details: 'SANITIZE',
    always_set_request_id_in_response: true,
    strip_trailing_host_dot: true,
    server_header_transformation: 'PASS_THROUGH',
    http_protocol_options: { enable_trailers: true },
    http2_protocol_options: {
      max_concurrent_streams: 1000,
      initial_stream_window_size: 262_144,
      initial_connection_window_size: 1_048_576,
    },
    common_http_protocol_options: { idle_timeout: '600s', headers_with_underscores_action: 'ALLOW' },
    request_headers_timeout: '30s',
    // The limit of a stream is its revision's timeout; an idle one within it is none of our business.
    stream_idle_timeout: '0s',
    local_reply_config: localReplies(),
    access_log_options: { access_log_flush_interval: `${options.reportSeconds}s` },
    access_log: [
      {
        name: 'envoy.access_loggers.file',
        typed_config: {
          '@type': `${TYPE}envoy.extensions.access_loggers.file.v3.FileAccessLog`,
          path: options.accessLog,
          log_format: { json_format: ACCESS_LOG_FORMAT },
        },
      },
    ],
  };
}

const ADS = { ads: {}, resource_api_version: 'V3' };

/** The host without its port chooses the scope; what has none is answered 404. */
const SCOPED_ROUTES = {
  name: 'hosts',
  rds_config_source: ADS,
  scope_key_builder: {
    fragments: [{ header_value_extractor: { name: ':authority', element_separator: ':', index: 0 } }],
  },
  scoped_rds: { scoped_rds_config_source: { ...ADS, initial_fetch_timeout: '60s' } },
};

/**
 * What nobody outside may say: who called (Envoy's and ours), what Knative means, how Envoy works. Programs behind CGI and
 * WSGI read `_` as `-`, so both spellings are meant.
 */
const FORGEABLE = [
  ...['x-towpath', 'x-envoy', 'x-forwarded', 'k-', 'knative-']
    .flatMap(spellings)
    .map((prefix) => ({ remove_on_match: { key_matcher: { prefix, ignore_case: true } } })),
  ...['x-request-id', 'x-real-ip', 'forwarded'].flatMap(spellings).map((name) => ({ remove: name })),
];

/** A name with each of its hyphens as a hyphen or an underscore. */
function spellings(name: string): string[] {
  const [first = '', ...rest] = name.split('-');
  return rest.reduce(
    (all, word) => all.flatMap((start) => [`${start}-${word}`, `${start}_${word}`]),
    [first],
  );
}

/** Before routing. Envoy then says itself what it knows: the request id, the caller's address and scheme. */
const STRIP = {
  name: 'envoy.http.early_header_mutation.header_mutation',
  typed_config: {
    '@type': `${TYPE}envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation`,
    mutations: [
      ...FORGEABLE,
      {
        append: {
          // The route rewrites the Host to the revision's.
          header: { key: 'x-forwarded-host', value: '%REQ(:AUTHORITY)%' },
          append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
        },
      },
    ],
  },
};

/** Some servers read trailers as headers, so they may not say what headers may not, nor how long the request is. */
const STRIP_TRAILERS = {
  name: 'envoy.filters.http.header_mutation',
  typed_config: {
    '@type': `${HTTP_FILTERS}header_mutation.v3.HeaderMutation`,
    mutations: {
      request_trailers_mutations: [
        ...FORGEABLE,
        ...['host', 'content-length', 'transfer-encoding', 'authorization', 'cookie', 'connection', 'te'].map(
          (name) => ({ remove: name }),
        ),
      ],
    },
  },
};

/** The ingress's word that no instance saw the request: noted for the log, and not shown to the caller. */
const NOT_REACHED = {
  name: 'envoy.filters.http.header_to_metadata',
  typed_config: {
    '@type': `${HTTP_FILTERS}header_to_metadata.v3.Config`,
    response_rules: [
      {
        header: REQUEST_HEADERS.notReached,
        on_header_present: { metadata_namespace: 'towpath', key: 'not_reached', type: 'STRING' },
        remove: true,
      },
    ],
  },
};

/**
 * Hosts are case-insensitive (RFC 9110 4.2.3), Envoy's scopes are not, and what a route switches on (tokens, caps) is not in a
 * chain that began without it: the caller is sent to the name as it is written here. A known host's route switches it off.
 */
const LOWER_CASE_HOST = {
  name: LOWER_CASE_FILTER,
  typed_config: {
    '@type': `${HTTP_FILTERS}lua.v3.Lua`,
    default_source_code: {
      inline_string: [
        'function envoy_on_request(handle)',
        '  local host = handle:headers():get(":authority")',
        '  if host and host:find("%u") then',
        '    local scheme, path = handle:headers():get(":scheme"), handle:headers():get(":path")',
        '    local location = (scheme or "http") .. "://" .. host:lower() .. (path or "/")',
        '    handle:respond({ [":status"] = "308", location = location }, "")',
        '  end',
        'end',
      ].join('\n'),
    },
  },
};

/** No counters by name per answer: requests are counted from the access log, and the look-ups cost every request. */
const ROUTER = {
  name: 'envoy.filters.http.router',
  typed_config: {
    '@type': `${HTTP_FILTERS}router.v3.Router`,
    suppress_envoy_headers: true,
    dynamic_stats: false,
  },
};
