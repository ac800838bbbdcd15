import 'reflect-metadata';
import { certificateNameProblem, TowpathError, type Clock } from '#libs/domain';
import {
  findAuthority,
  insertAuthority,
  seal,
  unseal,
  type AuthorityRecord,
  type Database,
} from '#libs/store';
import { Pkcs10CertificateRequest, SubjectAlternativeNameExtension, X509Certificate } from '@peculiar/x509';
import { ALGORITHM, leafCertificate, rootCertificate } from './authority.certificates.js';

export interface AuthorityParts {
  db: Database;
  clock: Clock;
  /** Seals the root's key at rest. */
  masterKey: Uint8Array;
  /** The services' domain; another domain has another authority. */
  domain: string;
  /** How long what it issues lives, seconds. */
  lifeSeconds: number;
}

const SUBJECT_ALTERNATIVE_NAMES = '2.5.29.17';

/** The installation's own certificate authority: vouches for the names of its services' domain, and for nothing else. */
export class Authority {
  private constructor(
    private readonly parts: AuthorityParts,
    private readonly root: X509Certificate,
    private readonly rootKey: CryptoKey,
  ) {}

  /** The authority of the domain, made when there is none; of several that start at once the first one stays. */
  static async open(parts: AuthorityParts): Promise<Authority> {
    const { db, clock, masterKey, domain } = parts;
    const find = (): Promise<AuthorityRecord | undefined> => db.asSystem((tx) => findAuthority(tx, domain));
    if (!(await find())) {
      const made = await makeRoot(masterKey, domain, clock.now());
      await db.asSystem((tx) => insertAuthority(tx, domain, made, clock.now()));
    }
    const stored = await find();
    if (!stored) throw new Error('the authority was not stored');
    const key = await openKey(stored, masterKey, domain);
    return new Authority(parts, new X509Certificate(stored.certificate), key);
  }

  /**
   * Issues a certificate for a PKCS#10 request in PEM.
   * @returns PEM, the leaf first
   * @throws TowpathError INVALID_ARGUMENT when the request is not one of ours or names what is not ours
   */
  async certify(request: string): Promise<string> {
    const asked = await readRequest(request);
    const name = nameOf(asked, this.parts.domain);
    const leaf = await leafCertificate({
      root: this.root,
      rootKey: this.rootKey,
      name,
      publicKey: asked.publicKey,
      now: this.parts.clock.now(),
      lifeMs: this.parts.lifeSeconds * 1_000,
    });
    return leaf.toString('pem');
  }
}

const bindingOf = (domain: string): string => `authority|${domain}`;

async function makeRoot(masterKey: Uint8Array, domain: string, now: number): Promise<AuthorityRecord> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const plain = new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
  const certificate = await rootCertificate(keys, domain, now);
  return {
    certificate: certificate.toString('pem'),
    sealedKey: seal(masterKey, bindingOf(domain), plain),
  };
}

/** Imported so that it cannot leave the process again. */
function openKey({ sealedKey }: AuthorityRecord, masterKey: Uint8Array, domain: string): Promise<CryptoKey> {
  const plain = new Uint8Array(unseal(masterKey, bindingOf(domain), sealedKey));
  return crypto.subtle.importKey('pkcs8', plain, ALGORITHM, false, ['sign']);
}

async function readRequest(pem: string): Promise<Pkcs10CertificateRequest> {
  const refused = (reason: string): TowpathError =>
    new TowpathError('INVALID_ARGUMENT', `The certificate request ${reason}.`, {
      violations: [{ field: 'request', message: reason }],
    });
  try {
    const request = new Pkcs10CertificateRequest(pem);
    const { name, namedCurve } = request.publicKey.algorithm as EcKeyAlgorithm;
    if (name !== ALGORITHM.name || namedCurve !== ALGORITHM.namedCurve)
      throw refused('must have a P-256 key');
    if (!(await request.verify())) throw refused('is not signed by its own key');
    return request;
  } catch (error) {
    throw error instanceof TowpathError ? error : refused('cannot be read');
  }
}

function nameOf(request: Pkcs10CertificateRequest, domain: string): string {
  const extension = request.getExtension(SUBJECT_ALTERNATIVE_NAMES);
  const names = extension ? new SubjectAlternativeNameExtension(extension.rawData).names.toJSON() : [];
  const [only] = names;
  const name = names.length === 1 && only?.type === 'dns' ? String(only.value) : '';
  const problem = name === '' ? 'must name exactly one host' : certificateNameProblem(name, domain);
  if (problem === undefined) return name;
  throw new TowpathError('INVALID_ARGUMENT', `The name of the certificate ${problem}.`, {
    violations: [{ field: 'request', message: problem }],
  });
}
