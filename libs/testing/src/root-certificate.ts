import { X509CertificateGenerator } from '@peculiar/x509';

/** A certificate of a root of its own, PEM, as an installation's authority leaves it in the database. */
export async function rootCertificate(): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await X509CertificateGenerator.createSelfSigned({ keys, signingAlgorithm: algorithm });
  return made.toString('pem');
}
