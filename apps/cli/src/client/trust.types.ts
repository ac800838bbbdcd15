/** The root certificate of the installation's own authority. */
export interface TrustView {
  domain: string;
  /** PEM. */
  certificate: string;
  fingerprint: string;
  expiresAt: string;
}
