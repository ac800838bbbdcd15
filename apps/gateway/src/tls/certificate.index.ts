import { coveringNames } from '#libs/domain';
import type { Certificate } from './certificate.js';

/** The certificates of a gateway by the names they are for; one of a name that came later replaces the former. */
export class CertificateIndex {
  readonly #byName = new Map<string, Certificate>();

  put(certificate: Certificate): void {
    for (const name of certificate.names) this.#byName.set(name, certificate);
  }

  /** The certificate of that very name. */
  of(name: string): Certificate | undefined {
    return this.#byName.get(name);
  }

  drop(name: string): void {
    this.#byName.delete(name);
  }

  names(): string[] {
    return [...this.#byName.keys()];
  }

  /** The certificate that covers a host, if any: its own before a wildcard. */
  covering(host: string): Certificate | undefined {
    return coveringNames(host)
      .map((name) => this.#byName.get(name))
      .find(Boolean);
  }
}
