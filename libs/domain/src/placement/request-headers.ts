/**
 * Headers between a gateway and a cluster's ingress. A gateway removes every `x-towpath-*` header that a client sends,
 * and an ingress removes every one that an instance answers, so neither can be forged.
 */
export const REQUEST_HEADERS = {
  /** Request: the id of the revision that the gateway chose; the Host names it too. */
  revision: 'x-towpath-revision',
  /** Request to a private service: the claims of the caller's token, JSON in base64url. */
  caller: 'x-towpath-caller',
  /** Answer: present when the ingress answered by itself and no instance saw the request, so it costs nothing. */
  notReached: 'x-towpath-not-reached',
} as const;
