import 'reflect-metadata';
import { AsnConvert } from '@peculiar/asn1-schema';
import { GeneralName, GeneralSubtree, GeneralSubtrees, NameConstraints } from '@peculiar/asn1-x509';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { PublicKey, X509Certificate } from '@peculiar/x509';

/** P-256: what every client of the last decade verifies. */
export const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

const NAME_CONSTRAINTS = '2.5.29.30';
const DAY_MS = 86_400_000;
const ROOT_DAYS = 3_650;
/** Clocks of clients and gateways may be behind. */
const SKEW_MS = 7_200_000;

/**
 * A self-signed root that can vouch for nothing outside its domain (name constraints, RFC 5280 4.2.1.10): a person may
 * put it into a system's store, and what it could do if its key leaked ends there.
 */
export function rootCertificate(keys: CryptoKeyPair, domain: string, now: number): Promise<X509Certificate> {
  const base = new GeneralName({ dNSName: domain });
  const constraints = new NameConstraints({
    permittedSubtrees: new GeneralSubtrees([new GeneralSubtree({ base })]),
  });
  return SubjectKeyIdentifierExtension.create(keys.publicKey).then((keyIdentifier) =>
    X509CertificateGenerator.createSelfSigned({
      name: [{ O: ['Towpath'] }, { CN: [`Towpath authority of ${domain}`.slice(0, 64)] }],
      keys,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(now - SKEW_MS),
      notAfter: new Date(now + ROOT_DAYS * DAY_MS),
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        new Extension(NAME_CONSTRAINTS, true, AsnConvert.serialize(constraints)),
        keyIdentifier,
      ],
    }),
  );
}

export interface LeafParts {
  root: X509Certificate;
  rootKey: CryptoKey;
  /** The DNS name. */
  name: string;
  publicKey: PublicKey;
  now: number;
  lifeMs: number;
  /** What its holder shows it for. */
  usage: 'server' | 'client';
}

/** A certificate of one name; never outlives its root. */
export async function leafCertificate(parts: LeafParts): Promise<X509Certificate> {
  const { root, rootKey, name, publicKey, now, lifeMs, usage } = parts;
  const purpose = usage === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth;
  return X509CertificateGenerator.create({
    subject: 'O=Towpath',
    issuer: root.subject,
    publicKey,
    signingKey: rootKey,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(now - SKEW_MS),
    notAfter: new Date(Math.min(now + lifeMs, root.notAfter.getTime())),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([purpose]),
      new SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
      await AuthorityKeyIdentifierExtension.create(root),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
}
