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
  /** What its certificates are shown for (`server`). */
  usage?: 'server' | 'client';
}

const SUBJECT_ALTERNATIVE_NAMES = '2.5.29.17';

/** A certificate authority of the installation: vouches for the names of its domain, and for nothing else. */
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

  /** The root certificate, PEM. */
  get certificate(): string {
    return this.root.toString('pem');
  }

  /**
   * Issues a certificate for a PKCS#10 request in PEM.
   * @param only the one name that may be asked for; without it every name below the domain
   * @returns PEM, the leaf first
   * @throws TowpathError INVALID_ARGUMENT when the request is not one of ours or names what is not ours
   */
  async certify(request: string, only?: string): Promise<string> {
    const asked = await readRequest(request);
    const name = nameOf(asked, this.parts.domain);
    if (only !== undefined && name !== only) throw refused(`must name ${only}`);
    const leaf = await leafCertificate({
      root: this.root,
      rootKey: this.rootKey,
      name,
      publicKey: asked.publicKey,
      now: this.parts.clock.now(),
      lifeMs: this.parts.lifeSeconds * 1_000,
      usage: this.parts.usage ?? 'server',
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

function refused(reason: string): TowpathError {
  return new TowpathError('INVALID_ARGUMENT', `The certificate request ${reason}.`, {
    violations: [{ field: 'request', message: reason }],
  });
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
