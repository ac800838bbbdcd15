/** Who signs tokens of an installation (`iss`); other installations have other keys. */
export const TOKEN_ISSUER = 'urn:towpath:identity';
/** What the access token of a person is for (`aud`). */
export const API_AUDIENCE = 'towpath-api';
/** How long the token of a caller of a private service is good, in seconds. */
export const CALLER_TOKEN = { minimumSeconds: 60, usualSeconds: 600, maximumSeconds: 3_600 } as const;
/** The one algorithm of our tokens: Ed25519. */
export const TOKEN_ALGORITHM = 'EdDSA';
