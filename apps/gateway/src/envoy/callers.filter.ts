import { generateKeyPairSync } from 'node:crypto';
import { REQUEST_HEADERS, TOKEN_ISSUER } from '#libs/domain';
import { any } from '../xds/proto.js';
import type { Message } from '../xds/proto.js';

/** The filter that checks a caller's token, and the resource its keys come in. */
export const CALLERS_FILTER = 'callers';
/** The filter that checks that the token was made for this service. */
const AUDIENCE_FILTER = 'audience';

const FILTERS = 'envoy.extensions.filters.http';
const JWT = `${FILTERS}.jwt_authn.v3.JwtAuthentication`;
const RBAC = `${FILTERS}.rbac.v3`;
const REQUIREMENT = 'caller';
/** Where the one filter leaves the token's claims and the other looks for them. */
const CLAIMS = 'claims';
/** A token is checked once; each worker remembers so many. */
const REMEMBERED_TOKENS = 10_000;
/** Clocks of hub and gateway may differ by so much. */
const CLOCK_SKEW_SECONDS = 10;

/**
 * Both stand in every chain and are switched off but for hosts that are private. Keys come as an extension resource, so a
 * new one changes no listener; until they have come no token is good.
 */
export const CALLER_FILTERS: readonly Message[] = [
  {
    name: CALLERS_FILTER,
    disabled: true,
    config_discovery: {
      config_source: { ads: {}, resource_api_version: 'V3' },
      default_config: json(JWT, jwtAuthentication(nobodysKeys())),
      apply_default_config_without_warming: true,
      type_urls: [`type.googleapis.com/${JWT}`],
    },
  },
  { name: AUDIENCE_FILTER, disabled: true, typed_config: json(`${RBAC}.RBAC`, {}) },
];

/** The extension resource with these keys, a JSON Web Key Set. */
export function callersExtension(jwks: string): Message {
  return { name: CALLERS_FILTER, typed_config: any(JWT, jwtAuthentication(jwks)) };
}

/** What a private host's route switches on: a valid token, and one that was made for this audience. */
export function callersOnly(audience: string): Message {
  const isFor = {
    metadata: {
      filter: 'envoy.filters.http.jwt_authn',
      path: [{ key: CLAIMS }, { key: 'aud' }],
      value: { string_match: { exact: audience } },
    },
  };
  const rules = {
    action: 'ALLOW',
    policies: { audience: { permissions: [{ any: true }], principals: [isFor] } },
  };
  return {
    [CALLERS_FILTER]: any(`${FILTERS}.jwt_authn.v3.PerRouteConfig`, { requirement_name: REQUIREMENT }),
    [AUDIENCE_FILTER]: any(`${RBAC}.RBACPerRoute`, { rbac: { rules } }),
  };
}

/** The token stays at the gateway, where nobody can use it again; the instance gets its claims. */
function jwtAuthentication(jwks: string): Message {
  const provider = {
    issuer: TOKEN_ISSUER,
    local_jwks: { inline_string: jwks },
    from_headers: [{ name: 'authorization', value_prefix: 'Bearer ' }],
    forward_payload_header: REQUEST_HEADERS.caller,
    payload_in_metadata: CLAIMS,
    require_expiration: true,
    clock_skew_seconds: CLOCK_SKEW_SECONDS,
    jwt_cache_config: { jwt_cache_size: REMEMBERED_TOKENS },
  };
  return {
    providers: { towpath: provider },
    requirement_map: { [REQUIREMENT]: { provider_name: 'towpath' } },
  };
}

/** Envoy refuses an empty set, so until the keys come there is one whose private half nobody has kept. */
function nobodysKeys(): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  return JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'EdDSA', use: 'sig' }] });
}

function json(type: string, message: Message): Message {
  return { '@type': `type.googleapis.com/${type}`, ...message };
}
