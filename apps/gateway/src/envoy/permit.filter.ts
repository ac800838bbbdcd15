import { any } from '../xds/proto.js';
import type { Message } from '../xds/proto.js';
import { ADMISSION_FILTER, EXT_AUTHZ, PERMIT_OVER, askBeside } from './admission.filter.js';

/** What Envoy may let in to a host without asking: so many requests. With none of them it asks for each. */
export interface Permit {
  /** Never given twice: Envoy counts anew whenever it is shown one. */
  id: string;
  requests: number;
}

const PERMIT_FILTER = 'permit';
const OVER_FILTER = 'admission-over';
const LIMIT = 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';
const TYPE = 'type.googleapis.com/';
/** Envoy gives a request back after so long at the earliest: ten years. */
const NEVER_SECONDS = 315_360_000;
const ALL = { default_value: { numerator: 100, denominator: 'HUNDRED' } };
const NONE = { default_value: { numerator: 0, denominator: 'HUNDRED' } };

/**
 * Envoy counts the requests of a host down by itself and marks those beyond its permit; only these are asked about. Both
 * are switched on by the route of a host that has a permit.
 */
export const PERMIT_FILTERS: readonly Message[] = [
  {
    name: PERMIT_FILTER,
    disabled: true,
    typed_config: { '@type': TYPE + LIMIT, stat_prefix: PERMIT_FILTER },
  },
  {
    name: OVER_FILTER,
    disabled: true,
    typed_config: {
      '@type': `${TYPE}envoy.extensions.common.matching.v3.ExtensionWithMatcher`,
      extension_config: { name: ADMISSION_FILTER, typed_config: { '@type': TYPE + EXT_AUTHZ, ...askBeside } },
      xds_matcher: {
        matcher_list: {
          matchers: [{ predicate: { not_matcher: { single_predicate: isMarked() } }, on_match: skip() }],
        },
      },
    },
  },
];

/** What the route of a host with a permit switches on. */
export function permitOnly({ id, requests }: Permit): Message {
  const mark = { header: { key: PERMIT_OVER, value: id }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' };
  return {
    [PERMIT_FILTER]: any(LIMIT, {
      stat_prefix: PERMIT_FILTER,
      token_bucket: {
        max_tokens: requests,
        tokens_per_fill: { value: 1 },
        fill_interval: { seconds: NEVER_SECONDS },
      },
      filter_enabled: { ...ALL, runtime_key: '' },
      filter_enforced: { ...NONE, runtime_key: '' },
      request_headers_to_add_when_not_enforced: [mark],
    }),
    [OVER_FILTER]: any('envoy.config.route.v3.FilterConfig', { config: {} }),
  };
}

function isMarked(): Message {
  return {
    input: {
      name: PERMIT_OVER,
      typed_config: {
        '@type': `${TYPE}envoy.type.matcher.v3.HttpRequestHeaderMatchInput`,
        header_name: PERMIT_OVER,
      },
    },
    value_match: { safe_regex: { google_re2: {}, regex: '.+' } },
  };
}

function skip(): Message {
  return {
    action: {
      name: 'skip',
      typed_config: {
        '@type': `${TYPE}envoy.extensions.filters.common.matcher.action.v3.SkipFilter`,
      },
    },
  };
}
