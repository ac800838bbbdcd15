import { readFileSync } from 'node:fs';
import { Loop, type Logger } from '#libs/process';
import { readCertificate } from './certificate.js';
import type { Certificate } from './certificate.js';
import { CertificateIndex } from './certificate.index.js';

export interface OperatorFiles {
  chain: string;
  key: string;
}

interface Parts {
  files: OperatorFiles;
  changed: () => void;
  logger: Logger;
  /** How often the files are read again, ms. */
  lookMs?: number;
}

const LOOK_MS = 5_000;

/** The certificate an operator supplies as two PEM files; a file that was replaced is served without a restart. */
export class OperatorCertificate {
  #index = new CertificateIndex();
  #read: Certificate | undefined;
  readonly #loop: Loop;

  /** @throws Error when the files hold no certificate with its key */
  constructor(private readonly parts: Parts) {
    this.#loop = new Loop('operator certificate', parts.lookMs ?? LOOK_MS, () => this.#look(), parts.logger);
    this.#take(this.#files());
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  readonly find = (host: string): Certificate | undefined => this.#index.covering(host);

  /** Routes change nothing here. */
  wake(): void {
    // It is for the names its file says, whatever is served.
  }

  #files(): Certificate {
    const { chain, key } = this.parts.files;
    return readCertificate(readFileSync(chain, 'utf8'), readFileSync(key, 'utf8'));
  }

  #look(): Promise<void> {
    const found = this.#files();
    if (found.chain === this.#read?.chain && found.key === this.#read.key) return Promise.resolve();
    this.#take(found);
    this.parts.logger.info(
      { names: found.names, serial: found.serial },
      "the operator's certificate changed",
    );
    this.parts.changed();
    return Promise.resolve();
  }

  #take(certificate: Certificate): void {
    this.#read = certificate;
    this.#index = new CertificateIndex();
    this.#index.put(certificate);
  }
}
