import { certificateName, type Clock } from '#libs/domain';
import { Loop, type Logger } from '#libs/process';
import type { Certificate } from './certificate.js';
import type { CertificateFiles, KeptCertificate } from './certificate.files.js';
import { CertificateIndex } from './certificate.index.js';

interface Parts {
  /** The services' domain. */
  domain: string;
  /** Every host that has a route. */
  hosts: () => Iterable<string>;
  isHost: (name: string) => boolean;
  /** Whether a host has a route or had one: what nobody knows any more is forgotten here too. */
  isKnown: (host: string) => boolean;
  files: CertificateFiles;
  /** Asks the authority for a certificate of that name. */
  issue: (name: string) => Promise<Certificate>;
  /** The certificates changed. */
  changed: () => void;
  clock: Clock;
  logger: Logger;
}

/** How often it is looked whether one is missing or past half of its life; a new route wakes it at once. */
const LOOK_MS = 5_000;

/** The certificates that the installation's authority issued to this gateway: made, kept and renewed by a loop. */
export class IssuedCertificates {
  readonly #index = new CertificateIndex();
  readonly #kept = new Map<string, KeptCertificate>();
  readonly #loop: Loop;

  constructor(private readonly parts: Parts) {
    this.#loop = new Loop('certificates', LOOK_MS, (signal) => this.renewDue(signal), parts.logger);
    for (const certificate of parts.files.read()) this.#take(certificate);
  }

  start(): void {
    this.#loop.start();
  }

  /** Routes of these hosts came or went. */
  wake(hosts: readonly string[]): void {
    const isNews = (host: string): boolean => this.find(host) === 'coming' || !this.parts.isKnown(host);
    if (hosts.some(isNews)) this.#loop.wake();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  readonly find = (host: string): Certificate | 'coming' | undefined => {
    const found = this.#index.covering(host);
    if (found && found.notAfter > this.parts.clock.now()) return found;
    return this.parts.isHost(host.toLowerCase()) ? 'coming' : undefined;
  };

  /** One look at every certificate. @throws Error when one was not issued */
  async renewDue(signal?: AbortSignal): Promise<void> {
    const wanted = new Set([...this.parts.hosts()].map((host) => certificateName(host, this.parts.domain)));
    this.#dropEnded(wanted);
    const failures: unknown[] = [];
    for (const name of [...wanted].filter((one) => this.#isDue(one))) {
      if (signal?.aborted) return;
      try {
        await this.#renew(name);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0)
      throw new Error(`${failures.length} certificates were not issued`, { cause: failures[0] });
  }

  #isDue(name: string): boolean {
    const kept = this.#kept.get(name);
    return !kept || this.parts.clock.now() >= kept.obtainedAt + (kept.notAfter - kept.obtainedAt) / 2;
  }

  async #renew(name: string): Promise<void> {
    const certificate = await this.parts.issue(name);
    const kept = { ...certificate, obtainedAt: this.parts.clock.now() };
    this.parts.files.write(name, kept);
    this.#take(kept);
    // No name: logs of the process are kept by nobody's rules.
    this.parts.logger.info({ serial: kept.serial }, 'certificate issued');
    this.parts.changed();
  }

  #take(kept: KeptCertificate): void {
    this.#index.put(kept);
    for (const name of kept.names) this.#kept.set(name, kept);
  }

  /** A name nobody wants is not renewed, and forgotten when its certificate has ended or nobody knows it any more. */
  #dropEnded(wanted: Set<string>): void {
    const now = this.parts.clock.now();
    for (const [name, { notAfter }] of this.#kept) {
      const isKept = notAfter > now && (name.startsWith('*') || this.parts.isKnown(name));
      if (wanted.has(name) || isKept) continue;
      this.#kept.delete(name);
      this.#index.drop(name);
      this.parts.files.remove(name);
    }
  }
}
