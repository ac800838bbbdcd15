import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readCertificate } from './certificate.js';
import type { Certificate } from './certificate.js';

const keptSchema = z.object({ chain: z.string(), key: z.string(), obtainedAt: z.int() });

/** A certificate of the authority as it is kept: it is renewed after half of the time between these. */
export type KeptCertificate = Certificate & { obtainedAt: number };

const SUFFIX = '.json';

/** What the authority issued to this gateway, one file (0600) a name: a dead hub or a restart changes nothing. */
export class CertificateFiles {
  readonly #dir: string;

  constructor(dataDir: string) {
    this.#dir = path.join(dataDir, 'certificates');
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
  }

  /** What cannot be read is left out: it is asked for anew. */
  read(): KeptCertificate[] {
    const names = readdirSync(this.#dir).filter((name) => name.endsWith(SUFFIX));
    return names.flatMap((name) => {
      try {
        const text = readFileSync(path.join(this.#dir, name), 'utf8');
        const { chain, key, obtainedAt } = keptSchema.parse(JSON.parse(text));
        return [{ ...readCertificate(chain, key), obtainedAt }];
      } catch {
        return [];
      }
    });
  }

  write(name: string, { chain, key, obtainedAt }: KeptCertificate): void {
    const file = this.#fileOf(name);
    writeFileSync(`${file}.new`, JSON.stringify({ chain, key, obtainedAt }), { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  }

  remove(name: string): void {
    rmSync(this.#fileOf(name), { force: true });
  }

  /** Names are host names or `*.<domain>`: the star is the only character that is not good in a file's name. */
  #fileOf(name: string): string {
    return path.join(this.#dir, `${name.replace('*', '_')}${SUFFIX}`);
  }
}
