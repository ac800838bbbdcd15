import type { TestAuthority } from '#libs/testing';
import { readCertificate } from '../tls/certificate.js';
import type { Certificate } from '../tls/certificate.js';

/** A certificate of that name with a key of its own. */
export async function certificateFor(authority: TestAuthority, name: string): Promise<Certificate> {
  const { chain, key } = await authority.identityFor(name);
  return readCertificate(chain, key);
}
