import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { callerKeysSchema, decode } from '#libs/bus';

const FILE = 'caller-keys.json';

/** The public keys that callers' tokens are checked with: the last that came, on disk, so that they outlive the hub. */
export class CallerKeys {
  readonly #file: string;
  #jwks: string | undefined;

  constructor(
    folder: string,
    private readonly changed: () => void,
  ) {
    this.#file = path.join(folder, FILE);
    this.#jwks = readOnce(this.#file);
  }

  /** A JSON Web Key Set; undefined before any have come. */
  readonly jwks = (): string | undefined => this.#jwks;

  /** Takes the message of the bucket. @throws TowpathError INVALID_ARGUMENT when it is none */
  take(data: Uint8Array): void {
    const { keys } = decode(callerKeysSchema, data);
    const jwks = JSON.stringify({ keys });
    if (jwks === this.#jwks) return;
    writeFileSync(`${this.#file}.new`, jwks);
    renameSync(`${this.#file}.new`, this.#file);
    this.#jwks = jwks;
    this.changed();
  }
}

function readOnce(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
