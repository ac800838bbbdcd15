/** Who signs tokens of an installation (`iss`); other installations have other keys. */
export const TOKEN_ISSUER = 'urn:towpath:identity';
/** What the access token of a person is for (`aud`). */
export const API_AUDIENCE = 'towpath-api';
/** The one algorithm of our tokens: Ed25519. */
export const TOKEN_ALGORITHM = 'EdDSA';
