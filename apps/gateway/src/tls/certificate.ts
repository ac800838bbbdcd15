import { X509Certificate, createPrivateKey } from 'node:crypto';
import { contentVersion } from '../xds/resource.js';

/** A certificate chain with its key, ready to be served. */
export interface Certificate {
  /** Lower-case DNS names it is for; a wildcard as `*.<domain>`. */
  names: readonly string[];
  /** PEM: the leaf, then what leads to the root. */
  chain: string;
  /** PEM. */
  key: string;
  /** Of the content, as xDS wants it. */
  version: string;
  /** Serial number of the leaf, hex. */
  serial: string;
  /** UTC ms. */
  notAfter: number;
}

/**
 * Reads a chain and its key, both PEM.
 * @throws Error that says what is wrong, never what the files hold
 */
export function readCertificate(chain: string, key: string): Certificate {
  const leaf = parsed(() => new X509Certificate(chain), 'the certificate is not valid PEM');
  const privateKey = parsed(() => createPrivateKey(key), 'the private key is not valid PEM');
  if (!leaf.checkPrivateKey(privateKey))
    throw new Error('the private key does not belong to the certificate');
  const names = [...(leaf.subjectAltName ?? '').matchAll(/DNS:([^,\s"]+)/g)].map(([, name = '']) =>
    name.toLowerCase(),
  );
  if (names.length === 0) throw new Error('the certificate names no host (subject alternative names)');
  const version = contentVersion(chain + key);
  return { names, version, chain, key, serial: leaf.serialNumber, notAfter: leaf.validToDate.getTime() };
}

function parsed<T>(parse: () => T, problem: string): T {
  try {
    return parse();
  } catch {
    throw new Error(problem);
  }
}
