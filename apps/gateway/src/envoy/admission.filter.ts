import { any } from '../xds/proto.js';
import type { Message } from '../xds/proto.js';

export const ADMISSION_FILTER = 'admission';
/** The cluster that leads to the process beside. */
const ADMISSION_CLUSTER = 'admission';
const FILTER = 'envoy.extensions.filters.http.ext_authz.v3';
export const EXT_AUTHZ = `${FILTER}.ExtAuthz`;
/** Says of a request that the permit of this id is used up; callers cannot say it, and instances do not see it. */
export const PERMIT_OVER = 'x-towpath-permit-over';
/** Above how long the process waits itself. */
const TIMEOUT = '5s';

/** Asks the process beside before a request goes on. */
export const askBeside: Message = {
  transport_api_version: 'V3',
  http_service: {
    server_uri: { uri: 'http://admission', cluster: ADMISSION_CLUSTER, timeout: TIMEOUT },
    authorization_response: { allowed_client_headers: { patterns: [{ exact: 'retry-after' }] } },
  },
  allowed_headers: { patterns: [{ exact: 'x-request-id' }, { exact: PERMIT_OVER }] },
  failure_mode_allow: false,
  status_on_error: { code: 'ServiceUnavailable' },
};

/** Switched on by the route of a host with a cap and without a permit. */
export const ADMISSION: Message = {
  name: ADMISSION_FILTER,
  disabled: true,
  typed_config: { '@type': `type.googleapis.com/${EXT_AUTHZ}`, ...askBeside },
};

/** What the route of a host with a cap and without a permit switches on. */
export function admissionOnly(): Message {
  return { [ADMISSION_FILTER]: any(`${FILTER}.ExtAuthzPerRoute`, { check_settings: {} }) };
}

/** The process beside, over a socket in its folder. */
export function admissionCluster(socket: string): Message {
  return {
    name: ADMISSION_CLUSTER,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: ADMISSION_CLUSTER,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: socket } } } }] }],
    },
  };
}
