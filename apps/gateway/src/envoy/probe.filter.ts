import type { Message } from '../xds/proto.js';

const EXTENSIONS = 'type.googleapis.com/envoy.extensions';
const COMMON = `${EXTENSIONS}.filters.common.matcher.action.v3`;

/** What stands before the user agent of a caller who calls himself a probe. */
export const PROBE_MARK = 'towpath-gateway';
/**
 * Kubelets and all of Knative's own call themselves so. Knative's activator and what stands before an instance tell them by
 * the first letters, and answer them themselves.
 */
const PROBES = '\\s*(?i:kube-probe|knative-).*';

const agentIsProbe = {
  single_predicate: {
    input: {
      name: 'user-agent',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput',
        header_name: 'user-agent',
      },
    },
    value_match: { safe_regex: { google_re2: {}, regex: PROBES } },
  },
};

/**
 * A caller who calls himself a probe reaches the customer's program as anybody else does: else a service that sleeps, or is
 * broken, would look well, and be billed for it. He keeps his name, after a word of ours. Envoy's own matcher looks at
 * each request; a script would be run for every one.
 */
export const NO_PROBE: Message = {
  name: 'no-probe',
  typed_config: {
    '@type': `${EXTENSIONS}.common.matching.v3.ExtensionWithMatcher`,
    extension_config: {
      name: 'mark',
      typed_config: {
        '@type': `${EXTENSIONS}.filters.http.header_mutation.v3.HeaderMutation`,
        mutations: {
          request_mutations: [
            {
              append: {
                header: { key: 'user-agent', value: `${PROBE_MARK} %REQ(USER-AGENT)%` },
                append_action: 'OVERWRITE_IF_EXISTS',
              },
            },
          ],
        },
      },
    },
    xds_matcher: {
      matcher_list: {
        matchers: [
          {
            predicate: { not_matcher: agentIsProbe },
            on_match: { action: { name: 'skip', typed_config: { '@type': `${COMMON}.SkipFilter` } } },
          },
        ],
      },
    },
  },
};
