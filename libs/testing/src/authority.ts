import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { X509Certificate } from '@peculiar/x509';
import { certificateRequest } from '#libs/bus';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const SUBJECT_ALTERNATIVE_NAMES = '2.5.29.17';

/** Stands for identity's authority. */
export class TestAuthority {
  /** Names it was asked for, in order. */
  readonly asked: string[] = [];
  /** How long what it issues lives, ms. */
  lifeMs = 3_600_000;
  #held: Promise<void> | undefined;
  #release: () => void = () => undefined;

  private constructor(
    private readonly certificate: X509Certificate,
    private readonly key: CryptoKey,
  ) {}

  static async make(): Promise<TestAuthority> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify']);
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: 'CN=test authority',
      keys,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 86_400_000),
      extensions: [new BasicConstraintsExtension(true, 0, true)],
    });
    return new TestAuthority(certificate, keys.privateKey);
  }

  /** PEM, for clients that trust it. */
  get root(): string {
    return this.certificate.toString('pem');
  }

  /** Answers nobody until release(). */
  hold(): void {
    this.#held = new Promise((resolve) => (this.#release = resolve));
  }

  release(): void {
    this.#held = undefined;
    this.#release();
  }

  /** The chain for a request, both PEM. */
  async issue(request: string): Promise<string> {
    const asked = new Pkcs10CertificateRequest(request);
    const extension = asked.getExtension(SUBJECT_ALTERNATIVE_NAMES);
    const names = new SubjectAlternativeNameExtension(extension?.rawData ?? new ArrayBuffer(0));
    this.asked.push(...names.names.toJSON().map(({ value }) => String(value)));
    await this.#held;
    const leaf = await X509CertificateGenerator.create({
      issuer: this.certificate.subject,
      publicKey: asked.publicKey,
      signingKey: this.key,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + this.lifeMs),
      extensions: [names, await AuthorityKeyIdentifierExtension.create(this.certificate)],
    });
    return leaf.toString('pem');
  }

  /** A chain of that name with a key of its own, both PEM. */
  async identityFor(name: string): Promise<{ chain: string; key: string }> {
    const { request, key } = await certificateRequest(name);
    return { chain: await this.issue(request), key };
  }
}
